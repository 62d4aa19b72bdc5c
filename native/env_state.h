#ifndef HARDSTOP_NATIVE_ENV_STATE_H_
#define HARDSTOP_NATIVE_ENV_STATE_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>

#include "frame.h"
#include "platform/thread_annotations.h"
#include "platform/thread_handle.h"
#include "unblind.h"
#include "watchdog.h"

namespace hardstop {

// Words of the memory that is shared with this environment's JavaScript, which
// reads them without a call. Mirrored by src/native/binding.ts.
enum SharedWord : size_t {
  // How many frames are live in this thread.
  kDepthWord,
  // Depth of the outermost live frame whose soft deadline has struck;
  // kNothingStruck where there is none.
  kStruckDepthWord,
  // 1 if the frame that ended last was sent a signal, which may be what made a
  // system call of its work fail with EINTR.
  kKickedWord,
  // How the run that has just handed back STOPPED ended: a StopKind.
  kStopKindWord,
  // A double, two words long: when the run that ended last did, ms on the
  // performance.now() scale.
  kEndedAtWord,
  // How many shields are open in all frames together.
  kShieldsWord = kEndedAtWord + 2,
  // Set by JavaScript: 1 if the frame that is pushed or moved next has limits that
  // another thread may move. Taken by the addon.
  kFollowsWord,
  // Its other limits: two doubles, ms on the performance.now() scale.
  kOthersSoftWord,
  kOthersHardWord = kOthersSoftWord + 2,
  // Set by JavaScript: 1 if it relies on where the work of frames that are pushed from then on
  // was when it was stopped.
  kExactPlaceWord = kOthersHardWord + 2,
  // An even number, for the doubles.
  kSharedWords = kExactPlaceWord + 2
};
static_assert(kEndedAtWord % 2 == 0 && kOthersSoftWord % 2 == 0, "a double needs an even place");
constexpr int32_t kNothingStruck = INT32_MAX;

// How the run that has just handed back STOPPED ended. Mirrored by
// src/native/binding.ts.
enum class StopKind : int32_t { kLate, kInterrupt, kTerminate, kRaised };

struct LastStop {
  napi_ref stuck = nullptr;
  RaisedError raised_error{nullptr, 0};
};

// What belongs to one environment (one JavaScript thread). Created when the
// addon is loaded in it, freed by its cleanup hook, after which no deadline can
// reach the thread any more: both take the watchdog's mutex.
class EnvState final : public StoppableThread {
 public:
  // On the environment's thread. Returns nullptr where the platform refuses.
  static EnvState* Create(napi_env env, int32_t thread_id, int32_t* shared_words);
  // The next two: with Watchdog::mutex() held. nullptr: no such live thread.
  static EnvState* FindByCookie(uintptr_t cookie) HARDSTOP_REQUIRES(Watchdog::Instance().mutex());
  static EnvState* FindByThreadId(int32_t thread_id)
      HARDSTOP_REQUIRES(Watchdog::Instance().mutex());

  napi_env env() const { return env_; }
  void* isolate() const { return isolate_; }
  int32_t thread_id() const { return thread_id_; }

  // The next five: with Watchdog::mutex() held, on this thread.
  void Push(Frame* frame) HARDSTOP_REQUIRES(Watchdog::Instance().mutex());
  void Pop(Frame* frame) HARDSTOP_REQUIRES(Watchdog::Instance().mutex());
  Frame* innermost() const HARDSTOP_REQUIRES(Watchdog::Instance().mutex()) { return innermost_; }
  // The live frame of that depth, or nullptr.
  Frame* FrameAt(int32_t depth) const HARDSTOP_REQUIRES(Watchdog::Instance().mutex());
  // Opens (+1) or closes (-1) a shield in the innermost frame; a frame that was
  // held off by it and is so no longer is fired.
  void Shield(int32_t change) HARDSTOP_REQUIRES(Watchdog::Instance().mutex());
  // The outermost frame that is to be stopped now, or nullptr.
  Frame* Target() const HARDSTOP_REQUIRES(Watchdog::Instance().mutex());
  // The outermost frame whose deadline is about to strike, or nullptr.
  Frame* Announced() const HARDSTOP_REQUIRES(Watchdog::Instance().mutex());
  // Whether a frame around `frame` has fired that may be stopped now and whose
  // deadline is not later than `limit`.
  bool EnclosingFired(const Frame& frame, platform::Instant limit) const
      HARDSTOP_REQUIRES(Watchdog::Instance().mutex());
  // Recomputes what the shared words say of struck deadlines.
  void RefreshStruckDepth() HARDSTOP_REQUIRES(Watchdog::Instance().mutex());

  // StoppableThread. With Watchdog::mutex() held, any thread.
  void ShowExpiry(const Frame& frame) override;
  void RequestInterrupt() override;
  void RequestTermination() override;
  bool NeedsTermination(const Frame& frame, platform::Instant now) const override;
  void Kick(Frame* frame) override;
  platform::Nanoseconds KickDelay(uint32_t n) const override;
  bool IsShielded(const Frame& frame) const override;
  platform::Nanoseconds CpuTime() const override;

  // The next eight: on this thread only.
  //
  // Withdraws a termination request that nobody has taken, or the termination
  // that has just unwound to us.
  void CancelTermination();
  bool IsTerminating() const;
  // False while the environment is being torn down. Needs no exception pending.
  bool MayRunJavaScript() const;
  // Lets the engine take what is pending right now, by calling a function that
  // does nothing. Whether it was a termination: then the thread unwinds.
  bool TakePending();
  // Waits until no signal that was sent to this thread can still arrive.
  void AwaitKicks();
  // Reads whether `frame` follows limits that another thread may move, which JavaScript
  // has said just before. While the frame is live: with Watchdog::mutex() held.
  void TakeFollowing(Frame* frame);
  void SetKicked(bool kicked) { shared_words_[kKickedWord] = kicked ? 1 : 0; }
  void ClearLastStop();
  // Notes for JavaScript when a run ended,
  void NoteEnd(platform::Instant ended_at);
  // and of one that hands back STOPPED also how.
  void SetLastStop(StopKind kind, platform::Instant ended_at, const LastStop& stop);

  // On this thread only; written by setup, given back by the cleanup hook.
  napi_ref shared_memory = nullptr;  // keeps the shared words
  napi_ref stopped_sentinel = nullptr;
  napi_ref empty_function = nullptr;
  // The instant at which performance.now() was 0: the latest that the clock's
  // readings allow, so that what is converted from it is never early.
  platform::Instant time_origin;
  // On this thread only.
  LastStop last_stop;

 private:
  EnvState(napi_env env, int32_t thread_id, int32_t* shared_words);
  ~EnvState() = default;
  static void CleanUp(void* self);
  static void OnInterrupt(void* isolate, void* cookie);
  // What an interrupt is for: the frame whose stack is to be taken, if it is not yet,
  // and whether it is to be terminated afterwards.
  struct Errand {
    Frame* frame;
    bool terminate;
    bool replace;  // the stack that was taken before is of no use
  };
  Errand TakeErrand() HARDSTOP_EXCLUDES(Watchdog::Instance().mutex());
  void CaptureStuck(Frame* frame);

  napi_env const env_;
  void* const isolate_;
  int32_t const thread_id_;
  platform::ThreadHandle const thread_;
  Unblind::Slot const slot_;
  // Never used again, unlike an address: what an interrupt that outlives us is
  // told, so that it finds nothing instead of something else.
  uintptr_t cookie_ = 0;

  // Guarded by Watchdog::mutex(). The words are read by this thread's JavaScript
  // without it: a stale value only delays a cooperative stop.
  int32_t* const shared_words_;
  Frame* innermost_ = nullptr;
  int32_t depth_ = 0;
  EnvState* next_ = nullptr;
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_ENV_STATE_H_

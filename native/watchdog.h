#ifndef HARDSTOP_NATIVE_WATCHDOG_H_
#define HARDSTOP_NATIVE_WATCHDOG_H_

#include <cstdint>

#include "deadline_heap.h"
#include "frame.h"
#include "platform/clock.h"
#include "platform/mutex.h"
#include "platform/sleeper.h"
#include "platform/thread_annotations.h"
#include "wake_margin.h"

namespace hardstop {

// What the watchdog can do to the thread that a frame belongs to. It knows
// neither V8 nor JavaScript; EnvState does. All of it is called with
// Watchdog::mutex() held, on the watchdog's thread or on the frame's own.
class StoppableThread {
 public:
  // The soft stop: makes the frame's expiry visible to its own code.
  virtual void ShowExpiry(const Frame& frame) = 0;
  // Asks the engine to call back at its next stack check.
  virtual void RequestInterrupt() = 0;
  // Asks the engine to unwind, without a chance to see where it was.
  virtual void RequestTermination() = 0;
  // Whether a fired frame is past the point where the interrupt alone may do.
  virtual bool NeedsTermination(const Frame& frame, platform::Instant now) const = 0;
  // Wakes the thread from a blocking system call, and an engine that does not
  // look at its stack guard from its loop.
  virtual void Kick(Frame* frame) = 0;
  // How long to wait before the `n`th kick for one frame (0 is the first).
  virtual platform::Nanoseconds KickDelay(uint32_t n) const = 0;
  // Whether `frame` may not be stopped now: a shield is open in it or inside it.
  virtual bool IsShielded(const Frame& frame) const = 0;
  virtual platform::Nanoseconds CpuTime() const = 0;

 protected:
  ~StoppableThread() = default;
};

// What else the watchdog can be set to: something to be done at an instant. Not before
// it, and after the frames that are due at the same time.
class Wakeable : public DeadlineEntry {
 public:
  // With Watchdog::mutex() held, on the watchdog's thread, when the instant has come.
  // Returns when to be called again; Instant::max(): not.
  virtual platform::Instant OnDue(platform::Instant now) = 0;

 protected:
  constexpr Wakeable() : DeadlineEntry(Kind::kWakeable, INT32_MAX) {}
  ~Wakeable() = default;
};

// One thread and one heap of deadlines for the whole process. The thread is
// started at first need, sleeps without limit while nothing is armed, and dies
// with the process without delaying it.
//
// Lock order: mutex() before any lock of the engine's, which is what the calls
// into StoppableThread take. Nothing is called back with an engine's lock held.
class Watchdog {
 public:
  // The one watchdog. Never destroyed: the process may exit at any time.
  static Watchdog& Instance() { return instance_; }

  // Starts the thread if it is not running. False: the system refused.
  bool EnsureStarted() HARDSTOP_EXCLUDES(mutex_);

  // Guards the heap, every frame that is pushed, the chain of frames of every
  // environment, every wakeable, and the lists of environments and of alarms.
  platform::Mutex& mutex() HARDSTOP_RETURN_CAPABILITY(mutex_) { return mutex_; }

  // The next five: with mutex() held.
  //
  // Queues a frame by its limits. True: Wake() must be called once the mutex is
  // free, or the frame would be seen too late.
  bool Arm(Frame* frame) HARDSTOP_REQUIRES(mutex_);
  // Queues either kind, or moves it; Instant::max() takes it out. Returns as Arm().
  bool Queue(DeadlineEntry* entry, platform::Instant due) HARDSTOP_REQUIRES(mutex_);
  void Disarm(DeadlineEntry* entry) HARDSTOP_REQUIRES(mutex_) { heap_.Remove(entry); }
  // After the limits of an armed frame have changed.
  bool Rearm(Frame* frame) HARDSTOP_REQUIRES(mutex_);
  // Uses force on a frame from now on, until it is disarmed.
  bool Fire(Frame* frame, platform::Instant now) HARDSTOP_REQUIRES(mutex_);

  // Without the mutex.
  void Wake() { sleeper_.Wake(); }

  // Whether deadlines are awaited by spinning at their very end.
  static bool SpinEnabled();

 private:
  constexpr Watchdog() = default;
  static void ThreadMain(void* self);
  [[noreturn]] void Run() HARDSTOP_EXCLUDES(mutex_);

  void Serve(DeadlineEntry* entry, platform::Instant now) HARDSTOP_REQUIRES(mutex_);
  void Strike(Frame* frame, platform::Instant now) HARDSTOP_REQUIRES(mutex_);
  // How long before it is due the thread is to be awake.
  platform::Nanoseconds Lead(const DeadlineEntry* entry) const HARDSTOP_REQUIRES(mutex_);
  // The frame that `entry` is, if its deadline is one to be announced; or nullptr.
  Frame* Announceable(DeadlineEntry* entry) const HARDSTOP_REQUIRES(mutex_);
  void Announce(Frame* frame) HARDSTOP_REQUIRES(mutex_);
  void Escalate(Frame* frame, platform::Instant now) HARDSTOP_REQUIRES(mutex_);
  platform::Instant NextLook(const Frame& frame, platform::Instant now) const
      HARDSTOP_REQUIRES(mutex_);
  void SpinUntil(platform::Instant instant, uint32_t ticket);

  platform::Mutex mutex_;
  DeadlineHeap heap_ HARDSTOP_GUARDED_BY(mutex_);
  // When the thread looks again by itself: nothing that is due later needs a Wake().
  platform::Instant next_wake_ HARDSTOP_GUARDED_BY(mutex_) = platform::Instant::min();
  bool started_ HARDSTOP_GUARDED_BY(mutex_) = false;
  WakeMargin margin_ HARDSTOP_GUARDED_BY(mutex_){false};
  platform::Sleeper sleeper_;

  static Watchdog instance_;
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_WATCHDOG_H_

#ifndef HARDSTOP_NATIVE_ALARM_H_
#define HARDSTOP_NATIVE_ALARM_H_

#include <node_api.h>

#include <atomic>
#include <cstdint>

#include "js_handles.h"
#include "platform/clock.h"
#include "platform/thread_annotations.h"
#include "watchdog.h"

namespace hardstop {

// Wakes one thread's event loop at an instant: the watchdog's thread posts a call
// to it, which calls a function of JavaScript there. Where the loop does not take the
// call, because JavaScript blocks it, an interrupt notes what does so.
//
// Made on the thread of its environment; freed by a cleanup hook of its own, after
// which the watchdog cannot reach it any more.
class Alarm final : public Wakeable {
 public:
  // `time_origin` is where performance.now() is 0, `isolate` the thread's own.
  struct Place {
    napi_env env;
    void* isolate;
    platform::Instant time_origin;
  };

  // On the environment's thread, as all of it but OnDue(). `ring` is to be called on
  // the loop, with an Error or undefined. `wanted`, a Float64Array of one element, is
  // where JavaScript notes until when it will really wait, ms on the
  // performance.now() scale. Returns nullptr where the platform refuses.
  static Alarm* Create(const Place& place, napi_value ring, napi_value wanted);

  // Replaces the request. Instant::max(): none.
  void Set(platform::Instant instant) HARDSTOP_EXCLUDES(Watchdog::Instance().mutex());
  // Whether the process is to live for this.
  void Hold() { call_.Hold(); }
  void LetGo() { call_.LetGo(); }
  // Where this thread blocked its loop past the last instant, if that was noticed: an
  // Error, once; otherwise undefined.
  napi_value TakeStuck();

  platform::Instant time_origin() const { return place_.time_origin; }

  // Wakeable. With Watchdog::mutex() held, on the watchdog's thread.
  platform::Instant OnDue(platform::Instant now) override;

 private:
  explicit Alarm(const Place& place) : place_(place) {}
  ~Alarm() = default;
  bool Prepare(napi_value ring, napi_value wanted);
  static void CleanUp(void* self);
  static void OnLoop(napi_env env, napi_value ring, void* self, void* data);
  void CallRing(napi_value ring);
  static void OnInterrupt(void* isolate, void* cookie);
  static Alarm* TakeErrand(uintptr_t cookie) HARDSTOP_EXCLUDES(Watchdog::Instance().mutex());
  void CaptureStuck();
  // As OnDue().
  platform::Instant LookAtBlockedLoop(platform::Instant now);

  const Place place_;
  LoopCall call_;

  // On this thread only.
  Reference wanted_memory_;  // keeps *wanted_
  Reference stuck_;          // what the last interrupt has seen

  // Written by this thread's JavaScript at any time, without the mutex. A stale value
  // only makes a report of a blocked loop come later, or needlessly.
  const volatile double* wanted_ = nullptr;

  // A call was posted that has not begun yet. Set by the watchdog before it posts,
  // cleared by the loop when the call begins, without the mutex: the loop wakes while
  // the watchdog still holds it. Relaxed: whether to post again is decided by a
  // read-modify-write, which sees the latest value, and a call that begins all the same
  // looks at the clock and asks again; a look that sees an old value costs an interrupt
  // that finds nothing to do.
  std::atomic<bool> posted_{false};

  // The rest is guarded by Watchdog::mutex().
  //
  Alarm* next_ = nullptr;  // of all threads' alarms
  // Never used again, unlike an address: what an interrupt that outlives us is told.
  uintptr_t cookie_ = 0;
  // The request has been met: what is queued is a look whether the loop is blocked.
  bool rung_ = false;
  // An interrupt was requested, and is still to say where this thread was.
  bool asked_ = false;
  platform::Nanoseconds look_delay_{0};
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_ALARM_H_

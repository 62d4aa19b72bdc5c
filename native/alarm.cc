#include "alarm.h"

#include <new>

#include "interrupter.h"
#include "milliseconds.h"
#include "platform/mutex.h"

namespace hardstop {

using platform::Instant;
using platform::MutexLock;
using platform::Nanoseconds;

namespace {

Alarm* first_alarm HARDSTOP_GUARDED_BY(Watchdog::Instance().mutex()) = nullptr;
uintptr_t last_cookie HARDSTOP_GUARDED_BY(Watchdog::Instance().mutex()) = 0;

// A loop that has not taken a call after this long, past an instant that is really
// waited for, is blocked: its turns are shorter in programs that answer in time.
constexpr Nanoseconds kBlockedAfter = std::chrono::milliseconds(5);
// While a loop is blocked and nothing is waited for (yet), looks become rarer up to this.
constexpr Nanoseconds kLongestLookDelay = std::chrono::seconds(1);

}  // namespace

Alarm* Alarm::Create(const Place& place, napi_value ring, napi_value wanted) {
  auto* alarm = new (std::nothrow) Alarm(place);
  if (alarm == nullptr) return nullptr;
  if (!alarm->Prepare(ring, wanted)) {
    delete alarm;
    return nullptr;
  }
  MutexLock lock(Watchdog::Instance().mutex());
  alarm->cookie_ = ++last_cookie;
  alarm->next_ = first_alarm;
  first_alarm = alarm;
  return alarm;
}

bool Alarm::Prepare(napi_value ring, napi_value wanted) {
  void* words;
  if (napi_get_typedarray_info(place_.env, wanted, nullptr, nullptr, &words, nullptr, nullptr) !=
          napi_ok ||
      !wanted_memory_.Set(place_.env, wanted) ||
      !call_.Open(place_.env, "hardstop:alarm", ring, this, &Alarm::OnLoop)) {
    return false;
  }
  wanted_ = static_cast<const volatile double*>(words);
  // After the way to the loop was opened, which the environment closes in a hook of its
  // own: hooks run in reverse order, so the watchdog is kept off before that.
  return napi_add_env_cleanup_hook(place_.env, &Alarm::CleanUp, this) == napi_ok;
}

void Alarm::CleanUp(void* self) {
  auto* alarm = static_cast<Alarm*>(self);
  {
    MutexLock lock(Watchdog::Instance().mutex());
    Watchdog::Instance().Disarm(alarm);
    Alarm** link = &first_alarm;
    while (*link != alarm) link = &(*link)->next_;
    *link = alarm->next_;
  }
  delete alarm;
}

void Alarm::Set(Instant instant) {
  bool wake;
  {
    MutexLock lock(Watchdog::Instance().mutex());
    rung_ = false;
    asked_ = false;
    wake = Watchdog::Instance().Queue(this, instant);
  }
  if (wake) Watchdog::Instance().Wake();
}

Instant Alarm::OnDue(Instant now) {
  if (rung_) return LookAtBlockedLoop(now);
  rung_ = true;
  look_delay_ = kBlockedAfter;
  // A call that has not begun yet serves this request as well: when it begins it looks
  // at the clock.
  if (!posted_.exchange(true, std::memory_order_relaxed) && !call_.Post()) {
    return Instant::max();
  }
  return now + look_delay_;
}

Instant Alarm::LookAtBlockedLoop(Instant now) {
  if (!posted_.load(std::memory_order_relaxed)) return Instant::max();
  const Instant wanted = InstantOfMs(place_.time_origin, *wanted_);
  if (wanted == Instant::max()) {
    // Nothing is late. The code that runs may still begin to wait for something.
    look_delay_ = look_delay_ * 2 < kLongestLookDelay ? look_delay_ * 2 : kLongestLookDelay;
    return now + look_delay_;
  }
  if (now < wanted + kBlockedAfter) return wanted + kBlockedAfter;
  asked_ = true;
  Interrupter::RequestInterrupt(place_.isolate, &Alarm::OnInterrupt,
                                reinterpret_cast<void*>(cookie_));
  return Instant::max();
}

// On the isolate's thread, at a stack check: some JavaScript stands still. Nothing may
// be run here.
void Alarm::OnInterrupt(void* isolate, void* cookie) {
  Alarm* alarm = TakeErrand(reinterpret_cast<uintptr_t>(cookie));
  // Only its own thread frees an alarm, and that is here.
  if (alarm != nullptr && alarm->place_.isolate == isolate) alarm->CaptureStuck();
}

Alarm* Alarm::TakeErrand(uintptr_t cookie) {
  MutexLock lock(Watchdog::Instance().mutex());
  Alarm* alarm = first_alarm;
  while (alarm != nullptr && alarm->cookie_ != cookie) alarm = alarm->next_;
  // A request cannot be withdrawn, so it may come when the loop is free again, in
  // innocent code.
  if (alarm == nullptr || !alarm->asked_) return nullptr;
  alarm->asked_ = false;
  return alarm->posted_.load(std::memory_order_relaxed) ? alarm : nullptr;
}

void Alarm::CaptureStuck() {
  napi_handle_scope scope;
  if (!stuck_.IsEmpty() || napi_open_handle_scope(place_.env, &scope) != napi_ok) return;
  napi_value message;
  napi_value error;
  // Neither call runs JavaScript: the stack is stored as frames here and turned into
  // text, with source maps, when somebody reads it.
  if (napi_create_string_utf8(place_.env, "This code kept the event loop from being on time",
                              NAPI_AUTO_LENGTH, &message) == napi_ok &&
      napi_create_error(place_.env, nullptr, message, &error) == napi_ok) {
    stuck_.Set(place_.env, error);
  }
  napi_close_handle_scope(place_.env, scope);
}

// On the loop, in a scope of Node's that runs ticks and microtasks at its end.
void Alarm::OnLoop(napi_env env, napi_value ring, void* self, void* /*data*/) {
  // The environment ends, and the alarm may be gone.
  if (env == nullptr) return;
  auto* alarm = static_cast<Alarm*>(self);
  alarm->posted_.store(false, std::memory_order_relaxed);
  alarm->CallRing(ring);
  MutexLock lock(Watchdog::Instance().mutex());
  // Unless there is a new request that has been met already and waits for this call to
  // end, nothing is left to look at.
  if (alarm->rung_ && !alarm->posted_.load(std::memory_order_relaxed)) {
    Watchdog::Instance().Disarm(alarm);
  }
}

void Alarm::CallRing(napi_value ring) {
  napi_env env = place_.env;
  napi_value receiver;
  napi_value stuck = TakeStuck();
  napi_value ignored;
  if (stuck == nullptr || napi_get_undefined(env, &receiver) != napi_ok ||
      napi_call_function(env, receiver, ring, 1, &stuck, &ignored) == napi_ok) {
    return;
  }
  napi_value error;
  // Left pending, the error would become a warning of Node's. When the environment is
  // being torn down the last of these calls is refused.
  bool same;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok &&
      napi_strict_equals(env, error, error, &same) == napi_ok) {
    napi_fatal_exception(env, error);
  }
}

napi_value Alarm::TakeStuck() {
  napi_value stuck = stuck_.Value();
  stuck_.Reset();
  if (stuck == nullptr) napi_get_undefined(place_.env, &stuck);
  return stuck;
}

}  // namespace hardstop

// The exports of the addon and the reading of their arguments. src/native/binding.ts
// mirrors them; it is the only caller and has checked every argument.

#include <napi.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "async_context.h"
#include "env_state.h"
#include "guard.h"
#include "interrupter.h"
#include "platform/mutex.h"
#include "platform/thread.h"
#include "unblind.h"
#include "watchdog.h"

namespace hardstop {
namespace {

using platform::Instant;
using platform::MonotonicClock;
using platform::MutexLock;
using platform::Nanoseconds;

// The environment that an export was called in: handed to SetUp's results as
// their data, so that finding it costs no look-up.
EnvState* State(const Napi::CallbackInfo& info) { return static_cast<EnvState*>(info.Data()); }

double Number(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::Number>().DoubleValue();
}

int32_t Integer(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::Number>().Int32Value();
}

// Beyond this many milliseconds (285 years) nanoseconds overflow: never.
constexpr double kLongestMs = 9.0e12;

// Rounded up: never early.
Nanoseconds DurationOf(double ms) {
  return ms >= kLongestMs ? Nanoseconds::max()
                          : Nanoseconds(static_cast<int64_t>(std::ceil(ms * 1e6)));
}

// `ms` on the performance.now() scale.
Instant InstantOf(const EnvState& state, double ms) {
  return ms >= kLongestMs ? Instant::max() : state.time_origin + DurationOf(ms);
}

double MillisecondsOf(const EnvState& state, Instant instant) {
  return static_cast<double>((instant - state.time_origin).count()) / 1e6;
}

Instant After(Instant instant, Nanoseconds duration) {
  return instant == Instant::max() || duration >= Instant::max() - instant ? Instant::max()
                                                                           : instant + duration;
}

// run(work, argument, deadline)
Napi::Value Run(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  const Instant deadline = InstantOf(*state, Number(info, 2));
  const Limits limits{deadline, deadline, Nanoseconds(0), Nanoseconds::max()};
  return Napi::Value(info.Env(), RunGuarded(state, info[0], info[1], limits));
}

// runWithin(work, argument, deadline, grace, cpuTimeout)
Napi::Value RunWithin(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  const Instant deadline = InstantOf(*state, Number(info, 2));
  const Nanoseconds grace = DurationOf(Number(info, 3));
  const Limits limits{deadline, After(deadline, grace), grace, DurationOf(Number(info, 4))};
  return Napi::Value(info.Env(), RunGuarded(state, info[0], info[1], limits));
}

// takeStop(): how the run that has just handed back STOPPED ended; once.
Napi::Value TakeStop(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  Napi::Env env = info.Env();
  Napi::Object stop = Napi::Object::New(env);
  stop.Set("kind", Napi::Number::New(env, static_cast<double>(state->last_stop.kind)));
  stop.Set("endedAt", Napi::Number::New(env, MillisecondsOf(*state, state->last_stop.ended_at)));
  if (state->last_stop.stuck != nullptr) {
    napi_value stuck;
    if (napi_get_reference_value(env, state->last_stop.stuck, &stuck) == napi_ok) {
      stop.Set("stuck", Napi::Value(env, stuck));
    }
  }
  const RaisedError& raised = state->last_stop.raised_error;
  if (raised.bytes != nullptr) {
    Napi::ArrayBuffer bytes = Napi::ArrayBuffer::New(env, raised.length);
    memcpy(bytes.Data(), raised.bytes, raised.length);
    stop.Set("raised", bytes);
  }
  state->ClearLastStop();
  return stop;
}

// reschedule(depth, deadline, grace): false when that frame's force is under way.
Napi::Value Reschedule(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  const Instant deadline = InstantOf(*state, Number(info, 1));
  const Nanoseconds grace = DurationOf(Number(info, 2));
  Watchdog& watchdog = Watchdog::Instance();
  bool wake = false;
  bool moved = false;
  {
    MutexLock lock(watchdog.mutex());
    Frame* frame = state->FrameAt(Integer(info, 0));
    if (frame != nullptr && !frame->fired && !frame->soft_struck) {
      frame->soft_deadline = deadline;
      frame->grace = grace;
      frame->hard_deadline = After(deadline, grace);
      wake = watchdog.Rearm(frame);
      moved = true;
    }
  }
  if (wake) watchdog.Wake();
  return Napi::Boolean::New(info.Env(), moved);
}

// cancel(depth): drops the limits of that frame, also one whose force is under way.
void Cancel(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  Watchdog& watchdog = Watchdog::Instance();
  MutexLock lock(watchdog.mutex());
  Frame* frame = state->FrameAt(Integer(info, 0));
  if (frame == nullptr || frame->raised) return;
  watchdog.Disarm(frame);
  frame->soft_deadline = Instant::max();
  frame->hard_deadline = Instant::max();
  frame->cpu_limit = Nanoseconds::max();
  frame->soft_struck = false;
  frame->cpu_struck = false;
  frame->cancelled = true;
  state->RefreshStruckDepth();
  if (!frame->fired) return;
  // JavaScript runs here, so nothing has been taken yet; what is still pending
  // finds no target. A termination may be pending for another frame as well.
  frame->fired = false;
  state->CancelTermination();
  if (state->Target() != nullptr) state->RequestInterrupt();
}

// shield(change): opens (+1) or closes (-1) a shield in the innermost frame.
void Shield(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  bool take;
  {
    MutexLock lock(Watchdog::Instance().mutex());
    state->Shield(Integer(info, 0));
    take = Integer(info, 0) < 0 && state->Target() != nullptr;
  }
  if (!take) return;
  Watchdog::Instance().Wake();
  state->TakePending();
}

// What raise() found. Mirrored by src/native/binding.ts.
enum class RaiseResult : int32_t { kUnknownThread = -1, kNoScope = 0, kDelivered = 1 };

// raise(threadId, depth, bytes | undefined): ends the frame of that depth in that
// thread; depth 0 stands for the innermost one.
Napi::Value Raise(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  RaisedError error{nullptr, 0};
  if (info[2].IsTypedArray()) {
    auto bytes = info[2].As<Napi::Uint8Array>();
    error.bytes = static_cast<uint8_t*>(malloc(bytes.ByteLength() + 1));
    if (error.bytes == nullptr) abort();
    error.length = bytes.ByteLength();
    memcpy(error.bytes, bytes.Data(), error.length);
  }
  const int32_t depth = Integer(info, 1);
  auto result = RaiseResult::kUnknownThread;
  bool own = false;
  Watchdog& watchdog = Watchdog::Instance();
  {
    MutexLock lock(watchdog.mutex());
    EnvState* target = EnvState::FindByThreadId(Integer(info, 0));
    if (target != nullptr) {
      Frame* frame = depth == 0 ? target->innermost() : target->FrameAt(depth);
      // The first cause stays: a frame that is being raised already is no scope
      // that could be ended.
      if (frame == nullptr || frame->raised) {
        result = RaiseResult::kNoScope;
      } else {
        result = RaiseResult::kDelivered;
        frame->raised = true;
        frame->raised_error = error;
        error.bytes = nullptr;
        watchdog.Fire(frame, MonotonicClock::now());
        own = target == state;
      }
    }
  }
  free(error.bytes);
  if (result == RaiseResult::kDelivered) {
    watchdog.Wake();
    if (own) state->TakePending();
  }
  return Napi::Number::New(info.Env(), static_cast<double>(result));
}

// calibrateClock(now): learns where performance.now() is zero on our clock.
void CalibrateClock(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  auto now = info[0].As<Napi::Function>();
  constexpr int kReadings = 32;
  state->time_origin = Instant::max();
  for (int i = 0; i < kReadings; i++) {
    Napi::Value reading = now.Call({});
    if (reading.IsEmpty()) return;
    const Instant after = MonotonicClock::now();
    // The reading was taken before `after`, so the origin is not later than this.
    const auto since = Nanoseconds(
        static_cast<int64_t>(std::floor(reading.As<Napi::Number>().DoubleValue() * 1e6)));
    if (after - since < state->time_origin) state->time_origin = after - since;
  }
}

// start(): starts the watchdog's thread if it does not run. False: refused.
Napi::Value Start(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Watchdog::Instance().EnsureStarted());
}

// describe(): what is at work in this process.
Napi::Value Describe(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Object description = Napi::Object::New(env);
  const Unblind::Status unblind = Unblind::status();
  description.Set("unblindReady", Napi::Boolean::New(env, unblind.ready));
  if (unblind.reason != nullptr) {
    description.Set("unblindReason", Napi::String::New(env, unblind.reason));
  }
  description.Set("signalNumber", Napi::Number::New(env, Unblind::SignalNumber()));
  description.Set("spins", Napi::Boolean::New(env, Watchdog::SpinEnabled()));
  return description;
}

template <auto callback>
void Export(Napi::Object exports, const char* name, EnvState* state) {
  exports.Set(name, Napi::Function::New<callback>(exports.Env(), name, state));
}

// setUp(threadId, words, sentinel, emptyFunction): the functions of this thread.
Napi::Value SetUp(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto words = info[1].As<Napi::Int32Array>();
  // The memory outlives the state: the reference to it is never given back, and
  // the environment's cleanup hook runs before the engine frees its buffers.
  napi_ref keep;
  if (napi_create_reference(env, words, 1, &keep) != napi_ok) return env.Undefined();
  Unblind::Calibrate(env);
  EnvState* state = EnvState::Create(env, Integer(info, 0), words.Data());
  if (state == nullptr) return env.Undefined();
  if (napi_create_reference(env, info[2], 1, &state->stopped_sentinel) != napi_ok ||
      napi_create_reference(env, info[3], 1, &state->empty_function) != napi_ok) {
    return env.Undefined();
  }
  Napi::Object functions = Napi::Object::New(env);
  Export<Run>(functions, "run", state);
  Export<RunWithin>(functions, "runWithin", state);
  Export<TakeStop>(functions, "takeStop", state);
  Export<Reschedule>(functions, "reschedule", state);
  Export<Cancel>(functions, "cancel", state);
  Export<Shield>(functions, "shield", state);
  Export<Raise>(functions, "raise", state);
  Export<CalibrateClock>(functions, "calibrateClock", state);
  Export<Start>(functions, "start", state);
  Export<Describe>(functions, "describe", state);
  return functions;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  const char* missing = Interrupter::Load();
  if (missing != nullptr) {
    exports.Set("missing", Napi::String::New(env, missing));
    return exports;
  }
  AsyncContext::Load();
  exports.Set("setUp", Napi::Function::New<SetUp>(env, "setUp"));
  return exports;
}

NODE_API_MODULE(hardstop, Init)

}  // namespace
}  // namespace hardstop

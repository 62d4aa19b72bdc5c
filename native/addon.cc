// The exports of the addon and the reading of their arguments. src/native/binding.ts
// mirrors them; it is the only caller and has checked every argument.

#include <napi.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "alarm.h"
#include "async_context.h"
#include "command_line.h"
#include "env_state.h"
#include "frame_control.h"
#include "guard.h"
#include "interrupter.h"
#include "main_thread.h"
#include "milliseconds.h"
#include "process/tree_end_functions.h"
#include "unblind.h"
#include "watchdog.h"

namespace hardstop {
namespace {

using platform::Instant;
using platform::MonotonicClock;
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

Instant InstantOf(const EnvState& state, double ms) { return InstantOfMs(state.time_origin, ms); }

Instant After(Instant instant, Nanoseconds duration) {
  return instant == Instant::max() || duration >= Instant::max() - instant ? Instant::max()
                                                                           : instant + duration;
}

// run(work, argument, deadline). In plain Node-API: it stands on the stack once for
// each level of nesting, and Napi::CallbackInfo takes 400 bytes of it.
napi_value Run(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  void* data;
  double deadline_ms;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, &data) != napi_ok ||
      napi_get_value_double(env, arguments[2], &deadline_ms) != napi_ok) {
    return nullptr;
  }
  auto* state = static_cast<EnvState*>(data);
  const Instant deadline = InstantOf(*state, deadline_ms);
  return RunGuarded(state, arguments[0], arguments[1],
                    {deadline, deadline, Nanoseconds(0), Nanoseconds::max()});
}

// runWithin(work, argument, deadline, grace, cpuTimeout)
Napi::Value RunWithin(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  const Instant deadline = InstantOf(*state, Number(info, 2));
  const Nanoseconds grace = DurationOfMs(Number(info, 3));
  const Limits limits{deadline, After(deadline, grace), grace, DurationOfMs(Number(info, 4))};
  return Napi::Value(info.Env(), RunGuarded(state, info[0], info[1], limits));
}

// takeStuck(): where the run was that has just handed back STOPPED; once.
Napi::Value TakeStuck(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  napi_value stuck = nullptr;
  napi_ref& reference = state->last_stop.stuck;
  if (reference != nullptr) {
    napi_get_reference_value(info.Env(), reference, &stuck);
    napi_delete_reference(info.Env(), reference);
    reference = nullptr;
  }
  return stuck == nullptr ? info.Env().Undefined() : Napi::Value(info.Env(), stuck);
}

// takeRaised(): the bytes that another thread raised to end that run; once.
Napi::Value TakeRaised(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  RaisedError& raised = state->last_stop.raised_error;
  if (raised.bytes == nullptr) return info.Env().Undefined();
  Napi::ArrayBuffer bytes = Napi::ArrayBuffer::New(info.Env(), raised.length);
  memcpy(bytes.Data(), raised.bytes, raised.length);
  free(raised.bytes);
  raised = {nullptr, 0};
  return bytes;
}

// reschedule(depth, deadline, grace): false when that frame has struck already.
Napi::Value Reschedule(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  return Napi::Boolean::New(
      info.Env(), RescheduleFrame(state, Integer(info, 0), InstantOf(*state, Number(info, 1)),
                                  DurationOfMs(Number(info, 2))));
}

// moveFollowed(threadId, deadline, hardDeadline): false when one has struck already.
Napi::Value MoveThreadsFollowed(const Napi::CallbackInfo& info) {
  EnvState* state = State(info);
  return Napi::Boolean::New(info.Env(),
                            MoveFollowed(Integer(info, 0), InstantOf(*state, Number(info, 1)),
                                         InstantOf(*state, Number(info, 2))));
}

// cancel(depth)
void Cancel(const Napi::CallbackInfo& info) { CancelFrame(State(info), Integer(info, 0)); }

// shield(work)
Napi::Value Shield(const Napi::CallbackInfo& info) {
  return Napi::Value(info.Env(), RunShielded(State(info), info[0]));
}

// raise(threadId, depth, bytes | undefined)
Napi::Value Raise(const Napi::CallbackInfo& info) {
  RaisedError error{nullptr, 0};
  if (info[2].IsTypedArray()) {
    auto bytes = info[2].As<Napi::Uint8Array>();
    error.bytes = static_cast<uint8_t*>(malloc(bytes.ByteLength() + 1));
    if (error.bytes == nullptr) abort();
    error.length = bytes.ByteLength();
    memcpy(error.bytes, bytes.Data(), error.length);
  }
  const RaiseResult result = RaiseInThread(State(info), Integer(info, 0), Integer(info, 1), error);
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

// The next four are the functions of one alarm, which is their data. In plain
// Node-API: runs with a limit call them, twice each.
Alarm* AlarmOf(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  return static_cast<Alarm*>(data);
}

// set(instant)
napi_value SetAlarm(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  void* data;
  double instant_ms;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, &data) != napi_ok ||
      napi_get_value_double(env, argument, &instant_ms) != napi_ok) {
    return nullptr;
  }
  auto* alarm = static_cast<Alarm*>(data);
  alarm->Set(InstantOfMs(alarm->time_origin(), instant_ms));
  return nullptr;
}

// hold()
napi_value HoldAlarm(napi_env env, napi_callback_info info) {
  AlarmOf(env, info)->Hold();
  return nullptr;
}

// letGo()
napi_value LetGoAlarm(napi_env env, napi_callback_info info) {
  AlarmOf(env, info)->LetGo();
  return nullptr;
}

napi_value TakeAlarmStuck(napi_env env, napi_callback_info info) {
  return AlarmOf(env, info)->TakeStuck();
}

// makeAlarm(ring, wanted)
Napi::Value MakeAlarm(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  EnvState* state = State(info);
  Alarm* alarm = Alarm::Create({env, state->isolate(), state->time_origin}, info[0], info[1]);
  if (alarm == nullptr) return env.Undefined();
  const napi_property_descriptor functions[] = {
      {"set", nullptr, SetAlarm, nullptr, nullptr, nullptr, napi_enumerable, alarm},
      {"hold", nullptr, HoldAlarm, nullptr, nullptr, nullptr, napi_enumerable, alarm},
      {"letGo", nullptr, LetGoAlarm, nullptr, nullptr, nullptr, napi_enumerable, alarm},
      {"takeStuck", nullptr, TakeAlarmStuck, nullptr, nullptr, nullptr, napi_enumerable, alarm},
  };
  Napi::Object result = Napi::Object::New(env);
  napi_define_properties(env, result, sizeof functions / sizeof functions[0], functions);
  return result;
}

// openTreeEnds(onOver): the functions that end process trees, undefined where there are none.
Napi::Value OpenThreadsTreeEnds(const Napi::CallbackInfo& info) {
  napi_value functions = OpenTreeEnds(info.Env(), State(info)->time_origin, info[0]);
  return functions == nullptr ? info.Env().Undefined() : Napi::Value(info.Env(), functions);
}

// cpuTime(): what this thread has used, ms.
Napi::Value CpuTime(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), MsOf(State(info)->CpuTime()));
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
  Unblind::Calibrate(env);
  EnvState* state = EnvState::Create(env, Integer(info, 0), words.Data());
  if (state == nullptr) return env.Undefined();
  if (napi_create_reference(env, words, 1, &state->shared_memory) != napi_ok ||
      napi_create_reference(env, info[2], 1, &state->stopped_sentinel) != napi_ok ||
      napi_create_reference(env, info[3], 1, &state->empty_function) != napi_ok) {
    return env.Undefined();
  }
  Napi::Object functions = Napi::Object::New(env);
  napi_value run;
  if (napi_create_function(env, "run", NAPI_AUTO_LENGTH, Run, state, &run) != napi_ok) {
    return env.Undefined();
  }
  functions.Set("run", run);
  Export<RunWithin>(functions, "runWithin", state);
  Export<TakeStuck>(functions, "takeStuck", state);
  Export<TakeRaised>(functions, "takeRaised", state);
  Export<Reschedule>(functions, "reschedule", state);
  Export<MoveThreadsFollowed>(functions, "moveFollowed", state);
  Export<Cancel>(functions, "cancel", state);
  Export<Shield>(functions, "shield", state);
  Export<Raise>(functions, "raise", state);
  Export<MakeAlarm>(functions, "makeAlarm", state);
  Export<OpenThreadsTreeEnds>(functions, "openTreeEnds", state);
  Export<CalibrateClock>(functions, "calibrateClock", state);
  Export<CpuTime>(functions, "cpuTime", state);
  Export<Start>(functions, "start", state);
  Export<Describe>(functions, "describe", state);
  return functions;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  // Asks nothing of the engine.
  ExportCommandLine(exports);
  const char* missing = Interrupter::Load();
  if (missing != nullptr) {
    exports.Set("missing", Napi::String::New(env, missing));
    return exports;
  }
  AsyncContext::Load();
  exports.Set("isMainThread", Napi::Boolean::New(env, IsMainThread(env)));
  exports.Set("setUp", Napi::Function::New<SetUp>(env, "setUp"));
  return exports;
}

NODE_API_MODULE(hardstop, Init)

}  // namespace
}  // namespace hardstop

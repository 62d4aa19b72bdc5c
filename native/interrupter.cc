#include "interrupter.h"

#include "platform/host_symbol.h"
#include "platform/mutex.h"

namespace hardstop {
namespace {

// Member functions of v8::Isolate take `this` as their first argument, in a
// register, on every ABI that Node supports, which makes them callable through
// these plain types.
using GetCurrentFunction = void* (*)();
using IsolateFunction = void (*)(void* isolate);
using IsolatePredicate = bool (*)(void* isolate);
using RequestInterruptFunction = void (*)(void* isolate, Interrupter::InterruptCallback callback,
                                          void* cookie);

// Workers load the addon at the same time.
platform::Mutex load_mutex;

// Written once, by the first Load(), with load_mutex held; read by threads that
// have been through Load() themselves, and by the watchdog's, which learns of an
// environment from one of them.
GetCurrentFunction get_current = nullptr;
IsolateFunction terminate_execution = nullptr;
IsolateFunction cancel_terminate_execution = nullptr;
IsolatePredicate is_execution_terminating = nullptr;
RequestInterruptFunction request_interrupt = nullptr;

template <typename Function>
bool Find(Function* function, const platform::HostSymbol& symbol) {
  *function = reinterpret_cast<Function>(platform::FindHostSymbol(symbol));
  return *function != nullptr;
}

const char* FindAll() {
  // All or none: Bun exports two of the five.
  if (!Find(&get_current,
            {"_ZN2v87Isolate10GetCurrentEv", "?GetCurrent@Isolate@v8@@SAPEAV12@XZ"})) {
    return "v8::Isolate::GetCurrent";
  }
  if (!Find(&terminate_execution,
            {"_ZN2v87Isolate18TerminateExecutionEv", "?TerminateExecution@Isolate@v8@@QEAAXXZ"})) {
    return "v8::Isolate::TerminateExecution";
  }
  if (!Find(&cancel_terminate_execution, {"_ZN2v87Isolate24CancelTerminateExecutionEv",
                                          "?CancelTerminateExecution@Isolate@v8@@QEAAXXZ"})) {
    return "v8::Isolate::CancelTerminateExecution";
  }
  if (!Find(&is_execution_terminating, {"_ZN2v87Isolate22IsExecutionTerminatingEv",
                                        "?IsExecutionTerminating@Isolate@v8@@QEAA_NXZ"})) {
    return "v8::Isolate::IsExecutionTerminating";
  }
  if (!Find(&request_interrupt, {"_ZN2v87Isolate16RequestInterruptEPFvPS0_PvES2_",
                                 "?RequestInterrupt@Isolate@v8@@QEAAXP6AXPEAV12@PEAX@Z1@Z"})) {
    return "v8::Isolate::RequestInterrupt";
  }
  return nullptr;
}

}  // namespace

const char* Interrupter::Load() {
  static constexpr const char* kNotTried = "";
  static const char* missing = kNotTried;
  platform::MutexLock lock(load_mutex);
  if (missing == kNotTried) missing = FindAll();
  return missing;
}

void* Interrupter::CurrentIsolate() { return get_current(); }

void Interrupter::RequestInterrupt(void* isolate, InterruptCallback callback, void* cookie) {
  request_interrupt(isolate, callback, cookie);
}

void Interrupter::Terminate(void* isolate) { terminate_execution(isolate); }

void Interrupter::CancelTermination(void* isolate) { cancel_terminate_execution(isolate); }

bool Interrupter::IsTerminating(void* isolate) { return is_execution_terminating(isolate); }

}  // namespace hardstop

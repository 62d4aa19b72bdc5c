#include "platform/directed_signal.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

namespace hardstop::platform {
namespace {

// Written once by InstallDirectedSignal(), before SignalThread() can be called.
ThreadStopped on_thread_stopped = nullptr;

const char* Install(ThreadStopped thread_stopped) {
  // There is no signal to choose a number for: only "0" means something.
  const char* const setting = getenv("HARDSTOP_SIGNAL");
  if (setting != nullptr && strcmp(setting, "0") == 0) return "switched off by HARDSTOP_SIGNAL=0";
  on_thread_stopped = thread_stopped;
  return nullptr;
}

bool ContextOf(HANDLE thread, MachineContext* context) {
  CONTEXT state;
  memset(&state, 0, sizeof state);
  state.ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
  if (GetThreadContext(thread, &state) == 0) return false;
#if defined(_M_ARM64) || defined(__aarch64__)
  *context = {static_cast<uintptr_t>(state.Pc), static_cast<uintptr_t>(state.Sp),
              static_cast<uintptr_t>(state.Fp)};
#else
  *context = {static_cast<uintptr_t>(state.Rip), static_cast<uintptr_t>(state.Rsp),
              static_cast<uintptr_t>(state.Rbp)};
#endif
  return true;
}

}  // namespace

const char* InstallDirectedSignal(ThreadStopped thread_stopped) {
  static constexpr const char* kNotTried = "";
  static const char* refusal = kNotTried;
  if (refusal == kNotTried) refusal = Install(thread_stopped);
  return refusal;
}

int DirectedSignalNumber() { return 0; }

void UnblockDirectedSignal() {}

bool SignalThread(const ThreadHandle& target, uint32_t slot) {
  if (on_thread_stopped == nullptr) return false;
  // Opened for each kick: kicks are rare, and a handle kept for each thread would
  // need an owner.
  const HANDLE thread = OpenThread(THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT | THREAD_TERMINATE,
                                   FALSE, static_cast<DWORD>(target.native_id()));
  if (thread == nullptr) return false;
  // A thread that has been suspended may hold any lock of the process, the heap's
  // among them: between suspend and resume nothing but kernel calls.
  const bool suspended = SuspendThread(thread) != static_cast<DWORD>(-1);
  if (suspended) {
    MachineContext context{0, 0, 0};
    // Asking for the context is also what waits for the suspension to take effect.
    ContextOf(thread, &context);
    on_thread_stopped(slot, context);
    ResumeThread(thread);
  }
  // Fails when the thread is in no blocking read or write, which is the usual case.
  CancelSynchronousIo(thread);
  CloseHandle(thread);
  return suspended;
}

}  // namespace hardstop::platform

#include "platform/directed_signal.h"

#include <errno.h>
#include <mach/mach.h>
#include <mach/thread_status.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>

#include "platform/posix/signal_choice.h"

namespace hardstop::platform {
namespace {

// The thread is looked at while it is suspended; the signal only ends a blocking
// read. There are no real-time signals here: SIGEMT never comes by itself on this
// hardware, and its default action is why a free one is taken over, not borrowed.
constexpr int kDefaultSignal = SIGEMT;

// Written once by InstallDirectedSignal(), before SignalThread() can be called.
ThreadStopped on_thread_stopped = nullptr;

// Relaxed: constant after the first load of the library.
std::atomic<int> signal_number{0};

void OnSignal(int) {}

bool HandlerIsOurs(int number) {
  struct sigaction current;
  return sigaction(number, nullptr, &current) == 0 && current.sa_handler == OnSignal;
}

const char* Install(ThreadStopped thread_stopped) {
  const char* const setting = getenv("HARDSTOP_SIGNAL");
  int number = kDefaultSignal;
  if (setting != nullptr && *setting != '\0') {
    number = ParseSignalNumber(setting, NSIG - 1);
    if (number < 0) return "HARDSTOP_SIGNAL is not a signal number";
    if (number == 0) return "switched off by HARDSTOP_SIGNAL=0";
  }
  if (!SignalIsFree(number)) return "the signal is in use";
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = OnSignal;
  action.sa_flags = SA_ONSTACK;  // No SA_RESTART: a blocking read returns EINTR.
  sigemptyset(&action.sa_mask);
  if (sigaction(number, &action, nullptr) != 0) return "the signal cannot be caught";
  on_thread_stopped = thread_stopped;
  signal_number.store(number, std::memory_order_relaxed);
  return nullptr;
}

bool ContextOf(thread_act_t thread, MachineContext* context) {
#if defined(__x86_64__)
  x86_thread_state64_t state;
  mach_msg_type_number_t count = x86_THREAD_STATE64_COUNT;
  if (thread_get_state(thread, x86_THREAD_STATE64, reinterpret_cast<thread_state_t>(&state),
                       &count) != KERN_SUCCESS) {
    return false;
  }
  *context = {state.__rip, state.__rsp, state.__rbp};
  return true;
#elif defined(__arm64__)
  arm_thread_state64_t state;
  mach_msg_type_number_t count = ARM_THREAD_STATE64_COUNT;
  if (thread_get_state(thread, ARM_THREAD_STATE64, reinterpret_cast<thread_state_t>(&state),
                       &count) != KERN_SUCCESS) {
    return false;
  }
  *context = {arm_thread_state64_get_pc(state), arm_thread_state64_get_sp(state),
              arm_thread_state64_get_fp(state)};
  return true;
#endif
}

}  // namespace

const char* InstallDirectedSignal(ThreadStopped thread_stopped) {
  static constexpr const char* kNotTried = "";
  static const char* refusal = kNotTried;
  if (refusal == kNotTried) refusal = Install(thread_stopped);
  return refusal;
}

int DirectedSignalNumber() { return signal_number.load(std::memory_order_relaxed); }

bool SignalThread(const ThreadHandle& target, uint32_t slot) {
  const int number = DirectedSignalNumber();
  if (number == 0 || !HandlerIsOurs(number)) return false;
  // A thread that has been suspended may hold any lock of the process, malloc's
  // among them: between suspend and resume nothing but kernel calls.
  const auto thread = static_cast<thread_act_t>(target.native_clock());
  if (thread_suspend(thread) != KERN_SUCCESS) return false;
  MachineContext context{0, 0, 0};
  ContextOf(thread, &context);
  on_thread_stopped(slot, context);
  thread_resume(thread);
  pthread_kill(reinterpret_cast<pthread_t>(target.native_id()), number);
  return true;
}

}  // namespace hardstop::platform

#include "platform/directed_signal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>

#include "platform/posix/signal_choice.h"

namespace hardstop::platform {
namespace {

// Written once by InstallDirectedSignal(), before any signal of ours can be sent;
// sending one, and the kernel's delivery of it, order the reads in the handler.
ThreadStopped on_thread_stopped = nullptr;

// Relaxed: the number is a constant after the first load of the library, and a
// reader that still sees 0 sends nothing.
std::atomic<int> signal_number{0};

long CurrentThreadId() { return syscall(SYS_gettid); }

// What our signals carry, so that the handler can tell them from foreign ones and
// from those of a second copy of this library: the address of a variable of this
// copy, shifted past the slot's bits.
uintptr_t Cookie(uint32_t slot) {
  return (reinterpret_cast<uintptr_t>(&signal_number) << 20) | slot;
}
constexpr uint32_t kSlotBits = (1U << 20) - 1;

bool ContextOf(const ucontext_t& ucontext, MachineContext* context) {
#if defined(__x86_64__)
  context->pc = static_cast<uintptr_t>(ucontext.uc_mcontext.gregs[REG_RIP]);
  context->sp = static_cast<uintptr_t>(ucontext.uc_mcontext.gregs[REG_RSP]);
  context->fp = static_cast<uintptr_t>(ucontext.uc_mcontext.gregs[REG_RBP]);
  return true;
#elif defined(__aarch64__)
  context->pc = ucontext.uc_mcontext.pc;
  context->sp = ucontext.uc_mcontext.sp;
  context->fp = ucontext.uc_mcontext.regs[29];
  return true;
#else
  *context = MachineContext{0, 0, 0};
  return false;
#endif
}

// The timer of the one SelfSignal that runs, and how many signals it may still send.
// Where the delivery of one takes longer than its period (under valgrind, a tracer, an
// emulator) the thread would do nothing else: so the handler ends it. Relaxed: both
// are written and read on one thread, the handler's own.
std::atomic<int> self_timer{-1};
std::atomic<int> self_signals_left{0};
constexpr int kMostSelfSignals = 1000;

void Disarm(int timer) {
  itimerspec never;
  memset(&never, 0, sizeof never);
  // A signal that is pending already is delivered before this call returns.
  syscall(SYS_timer_settime, timer, 0, &never, nullptr);
}

void CountSelfSignal() {
  if (self_signals_left.fetch_sub(1, std::memory_order_relaxed) > 1) return;
  const int timer = self_timer.load(std::memory_order_relaxed);
  if (timer >= 0) Disarm(timer);
}

void OnSignal(int, siginfo_t* info, void* raw_context) {
  if (info->si_code != SI_QUEUE && info->si_code != SI_TIMER) return;
  const uintptr_t cookie = reinterpret_cast<uintptr_t>(info->si_value.sival_ptr);
  const uint32_t slot = static_cast<uint32_t>(cookie) & kSlotBits;
  if (cookie != Cookie(slot)) return;
  const int saved_errno = errno;
  MachineContext context;
  ContextOf(*static_cast<const ucontext_t*>(raw_context), &context);
  on_thread_stopped(slot, context);
  if (info->si_code == SI_TIMER) CountSelfSignal();
  errno = saved_errno;
}

// 0 when none is free. From the top, because libraries that want a real-time signal
// count up from SIGRTMIN (and the C library keeps those below it for itself), but
// not the topmost, which valgrind keeps for itself.
int HighestFreeSignal() {
  for (int number = SIGRTMAX - 1; number >= SIGRTMIN; number--) {
    if (SignalIsFree(number)) return number;
  }
  return 0;
}

bool HandlerIsOurs(int number) {
  struct sigaction current;
  return sigaction(number, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) != 0 &&
         current.sa_sigaction == OnSignal;
}

const char* Install(ThreadStopped thread_stopped) {
  const char* const setting = getenv("HARDSTOP_SIGNAL");
  int number = setting != nullptr && *setting != '\0' ? ParseSignalNumber(setting, SIGRTMAX)
                                                      : HighestFreeSignal();
  if (number < 0) return "HARDSTOP_SIGNAL is not a signal number";
  if (number == 0) {
    return setting != nullptr && *setting != '\0' ? "switched off by HARDSTOP_SIGNAL=0"
                                                  : "no real-time signal is free";
  }
  if (!SignalIsFree(number)) return "the signal named by HARDSTOP_SIGNAL is in use";

  // No SA_RESTART, so that a blocking read returns EINTR. SA_ONSTACK for threads
  // with small stacks of their own making (Go).
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  on_thread_stopped = thread_stopped;
  if (sigaction(number, &action, nullptr) != 0) return "the signal cannot be caught";
  signal_number.store(number, std::memory_order_relaxed);
  return nullptr;
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
  // Somebody may have put the default action back, which would end the process.
  if (number == 0 || !HandlerIsOurs(number)) return false;
  const long pid = syscall(SYS_getpid);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = number;
  info.si_code = SI_QUEUE;
  info.si_pid = static_cast<pid_t>(pid);
  info.si_uid = getuid();
  info.si_value.sival_ptr = reinterpret_cast<void*>(Cookie(slot));
  return syscall(SYS_rt_tgsigqueueinfo, pid, static_cast<long>(target.native_id()), number,
                 &info) == 0;
}

SelfSignal::SelfSignal(uint32_t slot) : slot_(slot), target_(ThreadHandle::Current()) {
  const int number = DirectedSignalNumber();
  if (number == 0) return;
  sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = number;
  event.sigev_value.sival_ptr = reinterpret_cast<void*>(Cookie(slot_));
#if defined(__GLIBC__)
  event._sigev_un._tid = static_cast<pid_t>(target_.native_id());
#else
  event.sigev_notify_thread_id = static_cast<pid_t>(target_.native_id());
#endif
  // The raw calls: libc's have got new symbol versions, and a wrapper of its own
  // round the kernel's timer names.
  int timer = -1;
  if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0) timer_ = timer;
}

SelfSignal::~SelfSignal() {
  if (timer_ >= 0) syscall(SYS_timer_delete, timer_);
}

bool SelfSignal::Start(Nanoseconds period) {
  if (timer_ < 0) return false;
  self_signals_left.store(kMostSelfSignals, std::memory_order_relaxed);
  self_timer.store(timer_, std::memory_order_relaxed);
  itimerspec when;
  memset(&when, 0, sizeof when);
  when.it_value.tv_nsec = static_cast<long>(period.count());
  when.it_interval = when.it_value;
  return syscall(SYS_timer_settime, timer_, 0, &when, nullptr) == 0;
}

void SelfSignal::Stop() {
  if (timer_ < 0) return;
  Disarm(timer_);
  self_timer.store(-1, std::memory_order_relaxed);
}

bool IsStoppedThread(const ThreadHandle& thread) {
  return static_cast<uintptr_t>(CurrentThreadId()) == thread.native_id();
}

}  // namespace hardstop::platform

#ifndef HARDSTOP_NATIVE_PLATFORM_DIRECTED_SIGNAL_H_
#define HARDSTOP_NATIVE_PLATFORM_DIRECTED_SIGNAL_H_

#include <atomic>
#include <cstdint>

#include "platform/clock.h"
#include "platform/thread_handle.h"

namespace hardstop::platform {

// Where a thread was when it was stopped for a moment.
struct MachineContext {
  uintptr_t pc;
  uintptr_t sp;
  uintptr_t fp;
};

// Called once for every SignalThread() that returned true, with the `slot` given
// there, while the target thread is stopped: on Linux on that very thread, in a
// signal handler; on macOS and Windows on the thread that called SignalThread(),
// with the target suspended. So it must be async-signal-safe, take no lock and
// allocate nothing.
using ThreadStopped = void (*)(uint32_t slot, const MachineContext& context);

// Chooses and takes over the signal, once; later calls change nothing and give the
// same answer: nullptr, or a literal that says why directed signals do not work in
// this process. Not to be called by two threads at the same time.
const char* InstallDirectedSignal(ThreadStopped thread_stopped);

// The signal's number; 0 where it is switched off or the system needs none.
int DirectedSignalNumber();

// Lets the calling thread receive the signal.
void UnblockDirectedSignal();

// Stops `target` for some microseconds, calls ThreadStopped, and makes a read that
// blocks in the system return (EINTR, or a cancelled operation). Any thread but the
// target; the caller guarantees that the target lives. Returns false when nothing
// was sent: then nothing will be called.
bool SignalThread(const ThreadHandle& target, uint32_t slot);

// For the self-test: stops the thread that made it again and again, as SignalThread()
// would, by a timer (Linux) or by a thread of its own (macOS, Windows).
class SelfSignal {
 public:
  explicit SelfSignal(uint32_t slot);
  // Nothing comes after it.
  ~SelfSignal();
  SelfSignal(const SelfSignal&) = delete;
  SelfSignal& operator=(const SelfSignal&) = delete;

  // From now on every `period` (some microseconds). False when that is impossible.
  bool Start(Nanoseconds period);
  // Nothing comes after it, until the next Start().
  void Stop();

 private:
  static void ThreadMain(void* self);

  const uint32_t slot_;
  const ThreadHandle target_;
  Nanoseconds period_{0};
  // Owner to thread; relaxed: nothing else depends on when it is seen.
  std::atomic<bool> stop_{false};
  // Set by the owner, cleared (release) by the thread as the last thing it does.
  std::atomic<bool> thread_runs_{false};
  // Linux: the kernel's name of the timer; negative: none.
  [[maybe_unused]] int timer_ = -1;
};

// Whether the thread that is stopped in ThreadStopped is `thread`. Async-signal-safe.
bool IsStoppedThread(const ThreadHandle& thread);

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_DIRECTED_SIGNAL_H_

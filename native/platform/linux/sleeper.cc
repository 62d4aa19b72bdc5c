#include "platform/sleeper.h"

#include "platform/linux/futex.h"

namespace hardstop::platform {

// An absolute futex wait: measured against timer_create and timerfd
// (native/bench/sleeper_bench.cc), it is as punctual as the best of them, needs no descriptor, no
// signal and no set-up, and re-arms without a system call.

void Sleeper::SleepUntil(std::uint32_t ticket, Instant deadline) noexcept {
  if (deadline == Instant::max()) {
    FutexWait(generation_, ticket, nullptr);
    return;
  }
  // The kernel refuses negative times; an instant before the machine's start means "now" as well
  // as zero does.
  const std::int64_t nanoseconds = deadline.time_since_epoch().count();
  const std::int64_t since_boot = nanoseconds < 0 ? 0 : nanoseconds;
  timespec absolute;
  absolute.tv_sec = static_cast<time_t>(since_boot / 1'000'000'000);
  absolute.tv_nsec = static_cast<long>(since_boot % 1'000'000'000);  // NOLINT(runtime/int)
  FutexWait(generation_, ticket, &absolute);
}

void Sleeper::Wake() noexcept {
  // Relaxed is enough: what the watchdog must see is protected by its mutex, and the kernel
  // orders the new value of the word against its own comparison in FUTEX_WAIT.
  generation_.fetch_add(1, std::memory_order_relaxed);
  FutexWakeOne(generation_);
}

}  // namespace hardstop::platform

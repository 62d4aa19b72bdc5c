#ifndef HARDSTOP_NATIVE_PLATFORM_SLEEPER_H_
#define HARDSTOP_NATIVE_PLATFORM_SLEEPER_H_

#include <atomic>
#include <cstdint>

#include "platform/clock.h"

namespace hardstop::platform {

// How the one watchdog thread sleeps and how any other thread wakes it.
//
// No wake-up can be lost: the watchdog takes a Ticket() while it still holds the mutex under
// which it chose its deadline; a thread that changes the deadlines afterwards calls Wake(), which
// makes that ticket stale, and SleepUntil() returns at once for a stale ticket.
//
// A static Sleeper has no constructor to run and no destructor; what the system must lend it is
// fetched by the first SleepUntil() and never given back.
class Sleeper {
 public:
  constexpr Sleeper() = default;
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  // Relaxed is enough: the mutex that the caller holds orders this against the Wake() of a thread
  // that changed the deadlines before, and the system call compares the word again for one that
  // comes after.
  std::uint32_t Ticket() const noexcept { return generation_.load(std::memory_order_relaxed); }

  // Only the watchdog thread calls this, without any mutex. Returns at the deadline, at once if
  // Wake() was called after Ticket(), or spuriously. `Instant::max()` means: until woken.
  void SleepUntil(std::uint32_t ticket, Instant deadline) noexcept;

  // Any thread, any number of times, with or without the watchdog's mutex. Needs no watchdog to
  // exist.
  void Wake() noexcept;

 private:
  // Counts the wake-ups, modulo 2^32. On Linux it is the futex itself.
  std::atomic<std::uint32_t> generation_{0};
  // Unused on Linux. Elsewhere the handle to wait on, published by the first SleepUntil() with
  // release order and read by Wake() with acquire order, so that Wake() sees what the handle
  // refers to.
  [[maybe_unused]] std::atomic<std::uintptr_t> wake_handle_{0};
  // Unused on Linux. Elsewhere a second handle that only the sleeping thread touches.
  [[maybe_unused]] std::uintptr_t timer_handle_ = 0;
};

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_SLEEPER_H_

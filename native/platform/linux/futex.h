#ifndef HARDSTOP_NATIVE_PLATFORM_LINUX_FUTEX_H_
#define HARDSTOP_NATIVE_PLATFORM_LINUX_FUTEX_H_

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace hardstop::platform {

// The two futex operations in use. Both keep `errno`: they run inside calls that JavaScript
// makes, whose own system calls the caller may be about to report.

// Sleeps while `word` holds `expected`, until woken or until `deadline`, an absolute instant on
// CLOCK_MONOTONIC (null: for ever). May return at any time for other reasons.
void FutexWait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
               const timespec* deadline) noexcept;

// Wakes one thread that sleeps on `word`.
void FutexWakeOne(const std::atomic<std::uint32_t>& word) noexcept;

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_LINUX_FUTEX_H_

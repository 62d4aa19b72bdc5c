#include "platform/mutex.h"

#include "platform/linux/futex.h"
#include "platform/thread.h"

namespace hardstop::platform {
namespace {

// The three states of "Futexes Are Tricky" (Drepper), second mutex.
constexpr std::uint32_t kUnlocked = 0;
constexpr std::uint32_t kLocked = 1;     // nobody waits: Unlock() needs no system call
constexpr std::uint32_t kContended = 2;  // somebody may wait in the kernel: Unlock() must wake one

// How often a thread looks before it asks the kernel to sleep. A critical section lasts tens of
// nanoseconds, so a running holder is gone within a few looks (some 10 ns each); a holder that
// was preempted is not coming back soon, and on few cores it may need the very processor that the
// waiter burns.
constexpr int kSpins = 40;

}  // namespace

void Mutex::Lock() noexcept {
  std::uint32_t seen = kUnlocked;
  // Acquire: what the last holder wrote must be visible. Everywhere below for the same reason.
  if (state_.compare_exchange_strong(seen, kLocked, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
    return;
  }
  for (int spin = 0; spin < kSpins; ++spin) {
    CpuRelax();
    seen = state_.load(std::memory_order_relaxed);
    if (seen == kUnlocked && state_.compare_exchange_weak(seen, kLocked, std::memory_order_acquire,
                                                          std::memory_order_relaxed)) {
      return;
    }
    // Others sleep already: spinning would only overtake them.
    if (seen == kContended) break;
  }
  // From here on this thread cannot know whether others wait, so it must take the lock as
  // contended; the cost is at most one needless wake-up call.
  while (state_.exchange(kContended, std::memory_order_acquire) != kUnlocked) {
    FutexWait(state_, kContended, nullptr);
  }
}

void Mutex::Unlock() noexcept {
  // Release: what this holder wrote must be visible to the next one.
  if (state_.exchange(kUnlocked, std::memory_order_release) == kContended) FutexWakeOne(state_);
}

}  // namespace hardstop::platform

#include "platform/mutex.h"

#include <os/lock.h>

namespace hardstop::platform {
namespace {

static_assert(sizeof(os_unfair_lock) == sizeof(std::uint32_t), "the lock is one word");

// All zero is OS_UNFAIR_LOCK_INIT.
os_unfair_lock* Native(std::atomic<std::uint32_t>* word) noexcept {
  return reinterpret_cast<os_unfair_lock*>(word);
}

}  // namespace

// The system's own small lock: one compare-and-swap when uncontended, and a waiter lends the
// holder its priority, which the watchdog (more urgent than any thread of the program) needs and
// no lock of our own could do.
void Mutex::Lock() noexcept { os_unfair_lock_lock(Native(&state_)); }

void Mutex::Unlock() noexcept { os_unfair_lock_unlock(Native(&state_)); }

}  // namespace hardstop::platform

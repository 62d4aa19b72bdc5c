#include "platform/linux/futex.h"

#include <errno.h>

namespace hardstop::platform {

static_assert(sizeof(std::atomic<std::uint32_t>) == 4, "a futex is exactly one 32-bit word");
static_assert(std::atomic<std::uint32_t>::is_always_lock_free,
              "the kernel compares the word itself");

void FutexWait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
               const timespec* deadline) noexcept {
  const int saved_errno = errno;
  // The BITSET form is the one that takes an absolute time; plain FUTEX_WAIT takes a relative
  // one, which would add the time between reading the clock and falling asleep to every lateness.
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline, nullptr,
          FUTEX_BITSET_MATCH_ANY);
  errno = saved_errno;
}

void FutexWakeOne(const std::atomic<std::uint32_t>& word) noexcept {
  const int saved_errno = errno;
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  errno = saved_errno;
}

}  // namespace hardstop::platform

#include <errno.h>
#include <time.h>

#include "platform/thread_handle.h"

namespace hardstop::platform {

// The clock id holds the kernel's thread id, so reading it for a thread that has ended is an
// error, never a crash; asking the C library again (pthread_getcpuclockid) would read the dead
// thread's memory.
Nanoseconds ThreadHandle::CpuTime(Nanoseconds if_gone) const noexcept {
  if (native_id_ == 0) return if_gone;
  const int saved_errno = errno;
  timespec used;
  const int failed = clock_gettime(static_cast<clockid_t>(native_clock_), &used);
  errno = saved_errno;
  if (failed != 0) return if_gone;
  return Nanoseconds(std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec);
}

}  // namespace hardstop::platform

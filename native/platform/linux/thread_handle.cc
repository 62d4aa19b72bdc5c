#include "platform/thread_handle.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace hardstop::platform {

ThreadHandle ThreadHandle::Current() noexcept {
  clockid_t clock = 0;
  if (pthread_getcpuclockid(pthread_self(), &clock) != 0) return ThreadHandle();
  // glibc has a gettid() only since 2.30.
  return ThreadHandle(static_cast<std::uintptr_t>(syscall(SYS_gettid)), clock);
}

}  // namespace hardstop::platform

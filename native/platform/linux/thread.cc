#include "platform/thread.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "platform/posix/detached_thread.h"

namespace hardstop::platform {
namespace {

void Tune(const char* name) {
  prctl(PR_SET_NAME, name);
  // The kernel may delay a sleep by the thread's timer slack to wake several at once: 50 us by
  // default. 1 ns is the least (0 means: the default again).
  prctl(PR_SET_TIMERSLACK, 1);
}

}  // namespace

bool StartDetachedThread(void (*entry)(void*), void* argument, const char* name) noexcept {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  return StartDetachedPthread(&attributes, {Tune, entry, argument, name});
}

unsigned OnlineCores() noexcept {
  const int saved_errno = errno;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  // Fails on machines with more than 1,024 processors; those have more than one for us.
  const bool known = sched_getaffinity(0, sizeof(allowed), &allowed) == 0;
  errno = saved_errno;
  if (known) {
    const int count = CPU_COUNT(&allowed);
    if (count > 0) return static_cast<unsigned>(count);
  }
  const long online = sysconf(_SC_NPROCESSORS_ONLN);  // NOLINT(runtime/int)
  return online > 0 ? static_cast<unsigned>(online) : 1;
}

}  // namespace hardstop::platform

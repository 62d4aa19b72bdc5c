#include "platform/thread.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <memory>
#include <new>

#include "platform/posix/detached_thread.h"

namespace hardstop::platform {
namespace {

// Handed to the new thread, which frees it.
struct Start {
  void (*entry)(void*);
  void* argument;
  const char* name;
};

void* Run(void* raw) {
  const Start start = *std::unique_ptr<Start>(static_cast<Start*>(raw));
  prctl(PR_SET_NAME, start.name);
  // The kernel may delay a sleep by the thread's timer slack to wake several at once: 50 us by
  // default. 1 ns is the least (0 means: the default again).
  prctl(PR_SET_TIMERSLACK, 1);
  start.entry(start.argument);
  return nullptr;
}

}  // namespace

bool StartDetachedThread(void (*entry)(void*), void* argument, const char* name) noexcept {
  std::unique_ptr<Start> start(new (std::nothrow) Start{entry, argument, name});
  if (start == nullptr) return false;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  const bool started = StartDetachedPthread(&attributes, Run, start.get());
  pthread_attr_destroy(&attributes);
  if (started) start.release();  // NOLINT(bugprone-unused-return-value): the thread frees it
  return started;
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

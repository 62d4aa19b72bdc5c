#include "platform/posix/detached_thread.h"

#include <signal.h>

#include <cstddef>

namespace hardstop::platform {
namespace {

// The default (8 MB of address space) is a visible waste for a thread that calls a few functions
// deep; the thread-local memory of everything that Node has loaded comes out of it too, and
// sanitizers want more per frame.
constexpr std::size_t kStackBytes = 512 * 1024;

}  // namespace

bool StartDetachedPthread(pthread_attr_t* attributes, void* (*entry)(void*),
                          void* argument) noexcept {
  // A size that the system finds too small leaves the default, which does as well.
  pthread_attr_setstacksize(attributes, kStackBytes);
  pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED);
  // A thread inherits the mask of its creator. Blocking in the new thread itself would leave a
  // moment in which it takes the program's signals.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, attributes, entry, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

}  // namespace hardstop::platform

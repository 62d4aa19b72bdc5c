#include "platform/posix/detached_thread.h"

#include <signal.h>

#include <cstddef>
#include <memory>
#include <new>

namespace hardstop::platform {
namespace {

// The default (8 MB of address space) is a visible waste for a thread that calls a few functions
// deep; the thread-local memory of everything that Node has loaded comes out of it too, and
// sanitizers want more per frame.
constexpr std::size_t kStackBytes = 512 * 1024;

// Frees what it is given.
void* Run(void* raw) {
  const ThreadStart start = *std::unique_ptr<ThreadStart>(static_cast<ThreadStart*>(raw));
  start.tune(start.name);
  start.entry(start.argument);
  return nullptr;
}

bool Create(pthread_attr_t* attributes, ThreadStart* start) noexcept {
  // A size that the system finds too small leaves the default, which does as well.
  pthread_attr_setstacksize(attributes, kStackBytes);
  pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED);
  // A thread inherits the mask of its creator. Blocking in the new thread itself would leave a
  // moment in which it takes the program's signals.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, attributes, Run, start) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

}  // namespace

bool StartDetachedPthread(pthread_attr_t* attributes, const ThreadStart& start) noexcept {
  std::unique_ptr<ThreadStart> copy(new (std::nothrow) ThreadStart(start));
  const bool started = copy != nullptr && Create(attributes, copy.get());
  pthread_attr_destroy(attributes);
  if (started) copy.release();  // NOLINT(bugprone-unused-return-value): the thread frees it
  return started;
}

}  // namespace hardstop::platform

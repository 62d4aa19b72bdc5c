#include "platform/thread_handle.h"

#include <pthread.h>

namespace hardstop::platform {

ThreadHandle ThreadHandle::Current() noexcept {
  const pthread_t self = pthread_self();
  // The port's name is taken now: asking for it later would read the memory of a thread that may
  // be gone. No right is added, so none has to be given back.
  return ThreadHandle(reinterpret_cast<std::uintptr_t>(self), pthread_mach_thread_np(self));
}

}  // namespace hardstop::platform

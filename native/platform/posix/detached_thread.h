#ifndef HARDSTOP_NATIVE_PLATFORM_POSIX_DETACHED_THREAD_H_
#define HARDSTOP_NATIVE_PLATFORM_POSIX_DETACHED_THREAD_H_

#include <pthread.h>

namespace hardstop::platform {

// What the new thread runs: first `tune`, which names it, then `entry`.
struct ThreadStart {
  void (*tune)(const char* name);
  void (*entry)(void*);
  void* argument;
  const char* name;
};

// The part of StartDetachedThread that Linux and macOS share: a detached thread with a small
// stack, born with every signal blocked. `attributes` are initialised by the caller, may carry
// more wishes, and are destroyed.
[[nodiscard]] bool StartDetachedPthread(pthread_attr_t* attributes,
                                        const ThreadStart& start) noexcept;

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_POSIX_DETACHED_THREAD_H_

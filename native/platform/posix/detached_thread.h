#ifndef HARDSTOP_NATIVE_PLATFORM_POSIX_DETACHED_THREAD_H_
#define HARDSTOP_NATIVE_PLATFORM_POSIX_DETACHED_THREAD_H_

#include <pthread.h>

namespace hardstop::platform {

// The part of StartDetachedThread that Linux and macOS share: a detached thread with a small
// stack, born with every signal blocked. `attributes` are initialised by the caller and may carry
// more wishes.
[[nodiscard]] bool StartDetachedPthread(pthread_attr_t* attributes, void* (*entry)(void*),
                                        void* argument) noexcept;

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_POSIX_DETACHED_THREAD_H_

#ifndef HARDSTOP_NATIVE_PLATFORM_MUTEX_H_
#define HARDSTOP_NATIVE_PLATFORM_MUTEX_H_

#include <atomic>
#include <cstdint>

#include "platform/thread_annotations.h"

namespace hardstop::platform {

// A lock for critical sections of some tens of nanoseconds. Not recursive. Constant-initialised
// and trivially destructible: a static Mutex costs no constructor, and no destructor can run at
// process exit while the watchdog still holds it.
class HARDSTOP_CAPABILITY("mutex") Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() noexcept HARDSTOP_ACQUIRE();
  void Unlock() noexcept HARDSTOP_RELEASE();

 private:
  // Zero means unlocked on every platform. Linux uses the first word as a futex; macOS puts an
  // os_unfair_lock there and Windows an SRWLOCK, which is as large as a pointer: hence two words.
  alignas(8) std::atomic<std::uint32_t> state_{0};
  [[maybe_unused]] std::uint32_t rest_of_state_ = 0;
};

class HARDSTOP_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) noexcept HARDSTOP_ACQUIRE(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() HARDSTOP_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_MUTEX_H_

#ifndef HARDSTOP_NATIVE_PLATFORM_THREAD_HANDLE_H_
#define HARDSTOP_NATIVE_PLATFORM_THREAD_HANDLE_H_

#include <cstdint>

#include "platform/clock.h"

namespace hardstop::platform {

// Names one thread of this process, for others that want to look at it or signal it. A copyable
// value that owns nothing: whoever keeps one must know by other means that the thread lives (a
// frame on its stack proves it), because systems reuse their thread names.
class ThreadHandle {
 public:
  // Names no thread.
  constexpr ThreadHandle() = default;

  static ThreadHandle Current() noexcept;

  // The CPU time (user and system) that the thread has used; callable from any thread. `if_gone`
  // when the thread does not exist (any more). Costs one system call. Defined in
  // thread_cpu_clock.cc of each platform.
  Nanoseconds CpuTime(Nanoseconds if_gone) const noexcept;

  // Linux and Windows: the kernel's thread id. macOS: the pthread_t. Zero: no thread.
  std::uintptr_t native_id() const noexcept { return native_id_; }

  // macOS: the Mach port name of the thread. Linux: the clockid_t of its CPU clock. Windows: not
  // used.
  std::int64_t native_clock() const noexcept { return native_clock_; }

  friend bool operator==(const ThreadHandle& a, const ThreadHandle& b) noexcept {
    return a.native_id_ == b.native_id_;
  }
  friend bool operator!=(const ThreadHandle& a, const ThreadHandle& b) noexcept {
    return !(a == b);
  }

 private:
  constexpr ThreadHandle(std::uintptr_t native_id, std::int64_t native_clock)
      : native_id_(native_id), native_clock_(native_clock) {}

  std::uintptr_t native_id_ = 0;
  std::int64_t native_clock_ = 0;
};

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_THREAD_HANDLE_H_

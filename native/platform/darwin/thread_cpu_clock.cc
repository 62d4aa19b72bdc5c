#include <mach/mach.h>

#include "platform/thread_handle.h"

namespace hardstop::platform {

Nanoseconds ThreadHandle::CpuTime(Nanoseconds if_gone) const noexcept {
  if (native_id_ == 0) return if_gone;
  thread_basic_info basic;
  mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;
  const kern_return_t result =
      thread_info(static_cast<thread_inspect_t>(native_clock_), THREAD_BASIC_INFO,
                  reinterpret_cast<thread_info_t>(&basic), &count);
  if (result != KERN_SUCCESS) return if_gone;
  const std::int64_t seconds =
      std::int64_t{basic.user_time.seconds} + std::int64_t{basic.system_time.seconds};
  const std::int64_t microseconds =
      std::int64_t{basic.user_time.microseconds} + std::int64_t{basic.system_time.microseconds};
  return Nanoseconds(seconds * 1'000'000'000 + microseconds * 1'000);
}

}  // namespace hardstop::platform

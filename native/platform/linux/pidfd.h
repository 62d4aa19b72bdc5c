#ifndef HARDSTOP_NATIVE_PLATFORM_LINUX_PIDFD_H_
#define HARDSTOP_NATIVE_PLATFORM_LINUX_PIDFD_H_

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "platform/linux/descriptor.h"

namespace hardstop::platform {

// For whoever has that id now; not open where that cannot be, and errno says why. By number: C
// libraries know the call since 2.36, Linux since 5.3. It is the same on every processor that Node
// runs on.
inline Descriptor OpenPidfd(int32_t pid) {
  constexpr long kPidfdOpen = 434;  // NOLINT(runtime/int)
  return Descriptor(static_cast<int>(syscall(kPidfdOpen, pid, 0U)));
}

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_LINUX_PIDFD_H_

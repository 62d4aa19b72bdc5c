#include "platform/thread.h"

namespace hardstop::platform {

// By processor, not by system: the instruction is the same under every compiler of the GCC family.
void CpuRelax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  // `yield` is a no-op on most Arm cores; `isb` waits for about as long as x86's `pause`.
  __asm__ __volatile__("isb" ::: "memory");
#else
  __asm__ __volatile__("" ::: "memory");
#endif
}

}  // namespace hardstop::platform

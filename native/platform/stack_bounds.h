#ifndef HARDSTOP_NATIVE_PLATFORM_STACK_BOUNDS_H_
#define HARDSTOP_NATIVE_PLATFORM_STACK_BOUNDS_H_

#include <cstdint>

namespace hardstop::platform {

// The calling thread's stack: lowest address and the one past the highest. Both
// are 0 when the system does not say.
struct StackBounds {
  uintptr_t low = 0;
  uintptr_t high = 0;

  static StackBounds Current();
};

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_STACK_BOUNDS_H_

#include "platform/stack_bounds.h"

#include <windows.h>

namespace hardstop::platform {

StackBounds StackBounds::Current() {
  ULONG_PTR low = 0;
  ULONG_PTR high = 0;
  GetCurrentThreadStackLimits(&low, &high);
  StackBounds bounds;
  bounds.low = low;
  bounds.high = high;
  return bounds;
}

}  // namespace hardstop::platform

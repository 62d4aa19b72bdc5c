#include "platform/stack_bounds.h"

#include <pthread.h>

namespace hardstop::platform {

StackBounds StackBounds::Current() {
  StackBounds bounds;
  bounds.high = reinterpret_cast<uintptr_t>(pthread_get_stackaddr_np(pthread_self()));
  bounds.low = bounds.high - pthread_get_stacksize_np(pthread_self());
  return bounds;
}

}  // namespace hardstop::platform

#include "platform/clock.h"

#include <time.h>

namespace hardstop::platform {

// libuv's `uv__hrtime(UV_CLOCK_PRECISE)` reads CLOCK_MONOTONIC; the vDSO answers without a system
// call.
MonotonicClock::time_point MonotonicClock::now() noexcept {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return time_point(duration(std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec));
}

}  // namespace hardstop::platform

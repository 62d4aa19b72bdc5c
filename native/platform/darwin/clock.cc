#include "platform/clock.h"

#include "platform/darwin/mach_ticks.h"

namespace hardstop::platform {

// libuv's `uv__hrtime` reads the clock that goes on while the machine sleeps, and so do we:
// CLOCK_MONOTONIC of this system is another one (it is set back by sleeps), and the two drift
// apart by hours on a laptop.
MonotonicClock::time_point MonotonicClock::now() noexcept {
  return time_point(duration(NanosecondsFromTicks(mach_continuous_time())));
}

}  // namespace hardstop::platform

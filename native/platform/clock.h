#ifndef HARDSTOP_NATIVE_PLATFORM_CLOCK_H_
#define HARDSTOP_NATIVE_PLATFORM_CLOCK_H_

#include <chrono>
#include <cstdint>
#include <ratio>

namespace hardstop::platform {

// The clock behind `uv_hrtime()`, hence behind `process.hrtime()` and (with an offset that Node
// adds) `performance.now()`. Every deadline of this library is an instant on it, so that
// JavaScript and the watchdog can never disagree about whether a deadline has passed.
struct MonotonicClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;

  // Callable from any thread and from a signal handler. Costs some 20 to 40 ns.
  static time_point now() noexcept;
};

using Instant = MonotonicClock::time_point;
using Nanoseconds = std::chrono::nanoseconds;

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_CLOCK_H_

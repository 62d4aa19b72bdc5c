#ifndef HARDSTOP_NATIVE_MILLISECONDS_H_
#define HARDSTOP_NATIVE_MILLISECONDS_H_

#include <cmath>
#include <cstdint>

#include "platform/clock.h"

namespace hardstop {

// Beyond this many milliseconds (285 years) nanoseconds overflow: never.
constexpr double kLongestMs = 9.0e12;

// Rounded up: never early. Infinity gives max().
inline platform::Nanoseconds DurationOfMs(double ms) {
  return ms >= kLongestMs ? platform::Nanoseconds::max()
                          : platform::Nanoseconds(static_cast<int64_t>(std::ceil(ms * 1e6)));
}

inline double MsOf(platform::Nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

// An instant on the performance.now() scale, which has its zero at `origin`. Before
// that everything has passed, and far enough before it arithmetic on instants would
// overflow.
inline platform::Instant InstantOfMs(platform::Instant origin, double ms) {
  if (ms <= 0) return origin;
  return ms >= kLongestMs ? platform::Instant::max() : origin + DurationOfMs(ms);
}

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_MILLISECONDS_H_

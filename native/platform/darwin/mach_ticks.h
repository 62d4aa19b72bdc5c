#ifndef HARDSTOP_NATIVE_PLATFORM_DARWIN_MACH_TICKS_H_
#define HARDSTOP_NATIVE_PLATFORM_DARWIN_MACH_TICKS_H_

#include <mach/mach_time.h>

#include <cstdint>

namespace hardstop::platform {

// The unit of Mach's clocks: 1 ns on Intel, 125/3 ns on Apple silicon.
inline mach_timebase_info_data_t TickLength() noexcept {
  mach_timebase_info_data_t length;
  mach_timebase_info(&length);  // reads a constant of the process: a few nanoseconds
  return length;
}

// The same arithmetic as libuv's, so that the two clocks agree to the nanosecond.
inline std::int64_t NanosecondsFromTicks(std::uint64_t ticks) noexcept {
  const mach_timebase_info_data_t length = TickLength();
  return static_cast<std::int64_t>(ticks * length.numer / length.denom);
}

// Rounded up, so that a wait for these ticks cannot end before the instant. Split, because the
// product of a far instant and the denominator would not fit.
inline std::uint64_t TicksFromNanoseconds(std::int64_t nanoseconds) noexcept {
  if (nanoseconds <= 0) return 0;
  const mach_timebase_info_data_t length = TickLength();
  const std::uint64_t value = static_cast<std::uint64_t>(nanoseconds);
  const std::uint64_t whole = value / length.numer * length.denom;
  const std::uint64_t rest = value % length.numer * length.denom;
  return whole + (rest + length.numer - 1) / length.numer;
}

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_DARWIN_MACH_TICKS_H_

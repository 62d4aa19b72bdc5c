#include "platform/clock.h"

#include <windows.h>

namespace hardstop::platform {
namespace {

// Fixed while the system runs. Asked for at each reading, which is a memory read in today's
// Windows; a cached copy would need a constructor, or an atomic that every reading pays for as
// well.
std::int64_t TicksPerSecond() noexcept {
  LARGE_INTEGER frequency;
  QueryPerformanceFrequency(&frequency);
  return frequency.QuadPart;
}

}  // namespace

// libuv's `uv__hrtime` reads the performance counter and divides in floating point. Whole
// numbers, split so that the product fits, give the same to within its rounding.
MonotonicClock::time_point MonotonicClock::now() noexcept {
  LARGE_INTEGER counter;
  QueryPerformanceCounter(&counter);
  const std::int64_t frequency = TicksPerSecond();
  const std::int64_t seconds = counter.QuadPart / frequency;
  const std::int64_t rest = counter.QuadPart % frequency;
  return time_point(duration(seconds * 1'000'000'000 + rest * 1'000'000'000 / frequency));
}

}  // namespace hardstop::platform

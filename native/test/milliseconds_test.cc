// g++ -std=c++17 -Inative native/test/milliseconds_test.cc -o /tmp/milliseconds_test &&
// /tmp/milliseconds_test

#include "milliseconds.h"

#include <cstdint>
#include <initializer_list>
#include <limits>

#include "test/check.h"

namespace {

using hardstop::DurationOfMs;
using hardstop::InstantOfMs;
using hardstop::kLongestMs;
using hardstop::platform::Instant;
using hardstop::platform::Nanoseconds;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Instant kOrigin{Nanoseconds(1'000'000'007)};

TEST(WholeMillisecondsAreExact) {
  for (int64_t ms : {0, 1, 5, 1000, 86'400'000}) {
    CHECK(DurationOfMs(static_cast<double>(ms)) == Nanoseconds(ms * 1'000'000));
  }
}

TEST(FractionsOfANanosecondAreRoundedUp) {
  CHECK(DurationOfMs(1e-9) == Nanoseconds(1));
  CHECK(DurationOfMs(0.5e-6) == Nanoseconds(1));
  CHECK(DurationOfMs(1.0000001) == Nanoseconds(1'000'001));
}

TEST(NothingIsEarlyByANanosecond) {
  for (int i = 0; i < 100'000; ++i) {
    const double ms = i * 37.123456789;
    const auto since = static_cast<double>((InstantOfMs(kOrigin, ms) - kOrigin).count());
    CHECK(since >= ms * 1e6 && since < ms * 1e6 + 1);
  }
}

TEST(TheLongestIsNever) {
  CHECK(DurationOfMs(kLongestMs) == Nanoseconds::max());
  CHECK(DurationOfMs(kInfinity) == Nanoseconds::max());
  CHECK(InstantOfMs(kOrigin, kLongestMs) == Instant::max());
  CHECK(InstantOfMs(kOrigin, kInfinity) == Instant::max());
  CHECK(InstantOfMs(kOrigin, 9007199254740992.0) == Instant::max());
  CHECK(InstantOfMs(kOrigin, 8.9e12) < Instant::max());
}

TEST(WhatIsBeforeTheOriginIsTheOrigin) {
  for (double ms : {0.0, -0.0, -1.0, -1e300, -kInfinity}) {
    CHECK(InstantOfMs(kOrigin, ms) == kOrigin);
  }
}

}  // namespace

int main() { return hardstop::test::RunTests(); }

// g++ -std=c++17 -Inative native/test/wake_margin_test.cc native/wake_margin.cc -o
// /tmp/wake_margin_test && /tmp/wake_margin_test

#include "wake_margin.h"

#include <cstdint>

#include "test/check.h"

namespace {

using hardstop::Nanoseconds;
using hardstop::SpinAllowed;
using hardstop::WakeMargin;

constexpr Nanoseconds Micros(int count) { return Nanoseconds{count * 1000}; }

// A fixed sequence of pseudo-random numbers: the tests must pass or fail for everybody alike.
class Sequence {
 public:
  std::uint32_t Below(std::uint32_t bound) {
    state_ = state_ * 1664525u + 1013904223u;
    return (state_ >> 8) % bound;
  }

 private:
  std::uint32_t state_ = 12345;
};

TEST(StartsAtTheInitialMargin) { CHECK(WakeMargin(true).Margin() == WakeMargin::kInitial); }

TEST(StaysZeroWhenDisabled) {
  WakeMargin margin(false);
  for (int i = 0; i < 1000; ++i) margin.Observe(Micros(150));
  CHECK(margin.Margin() == Nanoseconds::zero());
}

TEST(SpinsOnlyWhenWantedAndWithAProcessorToSpare) {
  CHECK(SpinAllowed(true, 2));
  CHECK(!SpinAllowed(true, 1));
  CHECK(!SpinAllowed(false, 64));
}

TEST(FallsToTheLowerBoundWhenSleepsArePunctual) {
  WakeMargin margin(true);
  for (int i = 0; i < 20'000; ++i) margin.Observe(Micros(1));
  CHECK(margin.Margin() == WakeMargin::kMin);
  margin.Observe(Micros(-3));
  CHECK(margin.Margin() == WakeMargin::kMin);
}

TEST(RisesToTheUpperBoundWhenSleepsAreLate) {
  WakeMargin margin(true);
  for (int i = 0; i < 30; ++i) margin.Observe(WakeMargin::kMax);
  CHECK(margin.Margin() == WakeMargin::kMax);
}

TEST(RestsWhileTheMachineIsOverloadedAndComesBack) {
  WakeMargin margin(true);
  margin.ObserveSpin(Micros(5'000));
  CHECK(margin.Margin() > Nanoseconds::zero());
  margin.ObserveSpin(Micros(5'000));
  CHECK(margin.Margin() == Nanoseconds::zero());
  for (int i = 0; i < 100; ++i) margin.Observe(Micros(20));
  CHECK(margin.Margin() > Nanoseconds::zero());
}

TEST(OneMissInAHundredDoesNotMakeItRest) {
  WakeMargin margin(true);
  for (int i = 0; i < 10'000; ++i) {
    margin.Observe(i % 100 == 0 ? Micros(3'000) : Micros(20));
    CHECK(margin.Margin() > Nanoseconds::zero());
  }
}

TEST(SettlesAboveTheUsualOvershoot) {
  WakeMargin margin(true);
  Sequence sequence;
  int late = 0;
  // 20 to 40 us, evenly: 255 of 256 sleeps are below 39.9 us.
  for (int i = 0; i < 40'000; ++i) {
    const Nanoseconds overshoot{20'000 + sequence.Below(20'000)};
    if (i >= 10'000 && overshoot > margin.Margin()) ++late;
    margin.Observe(overshoot);
  }
  CHECK(margin.Margin() > Micros(35));
  CHECK(margin.Margin() < Micros(45));
  // One in 256 of 30,000 is 117.
  CHECK(late > 58 && late < 235);
}

TEST(LearnsNothingFromSleepsThatNoMarginCouldHaveMet) {
  WakeMargin margin(true);
  margin.Observe(Micros(5'000));
  CHECK(margin.Margin() == WakeMargin::kInitial);

  // Nor while it rests because of them: what comes back is the old margin, less what the
  // punctual sleeps on the way taught.
  for (int i = 0; i < 1000; ++i) margin.Observe(Nanoseconds::max());
  CHECK(margin.Margin() == Nanoseconds::zero());
  for (int i = 0; i < 64; ++i) margin.Observe(Micros(1));
  CHECK(margin.Margin() > Micros(50));
  CHECK(margin.Margin() <= WakeMargin::kInitial);
}

TEST(OneOutlierMovesItByOneStep) {
  WakeMargin margin(true);
  margin.Observe(WakeMargin::kMax);
  CHECK(margin.Margin() == WakeMargin::kInitial + WakeMargin::kInitial / 16);
}

TEST(ForgetsABurstOfLateSleeps) {
  WakeMargin margin(true);
  for (int i = 0; i < 100; ++i) margin.Observe(Micros(190));
  CHECK(margin.Margin() > Micros(185));
  for (int i = 0; i < 8000; ++i) margin.Observe(Micros(25));
  CHECK(margin.Margin() < Micros(40));
}

}  // namespace

int main() { return hardstop::test::RunTests(); }

#include "wake_margin.h"

#include <algorithm>

namespace hardstop {
namespace {

// The upward step, as a part of the margin: 120 us become 300 us after 16 late sleeps.
constexpr int kRise = 16;
// The downward step: with it, one late sleep in kLateShare keeps the margin where it is, and 200
// us become 50 us after some 5,700 punctual ones. (Not zero for any margin in the bounds.)
constexpr int kFall = kRise * (WakeMargin::kLateShare - 1);

static_assert(WakeMargin::kMin.count() / kFall > 0, "the margin must be able to fall");

}  // namespace

void WakeMargin::Observe(Nanoseconds overshoot) {
  Grade(overshoot > kMax);
  if (!enabled_ || overshoot > kMax) return;
  const Nanoseconds next =
      overshoot > margin_ ? margin_ + margin_ / kRise : margin_ - margin_ / kFall;
  margin_ = std::clamp(next, kMin, kMax);
}

void WakeMargin::ObserveSpin(Nanoseconds late) { Grade(late > kMax); }

void WakeMargin::Grade(bool missed) {
  strain_ = missed ? std::min(strain_ + kMissWeight, kMostStrain) : std::max(strain_ - 1, 0);
  if (strain_ >= kRestFrom) resting_ = true;
  if (strain_ == 0) resting_ = false;
}

}  // namespace hardstop

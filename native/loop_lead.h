#ifndef HARDSTOP_NATIVE_LOOP_LEAD_H_
#define HARDSTOP_NATIVE_LOOP_LEAD_H_

#include "platform/clock.h"

namespace hardstop {

// How long before its instant an alarm posts its call to the event loop, so that the time
// which the system takes to wake the loop's thread is spent before the instant. A loop that
// is up sooner spins until the instant, which is the program's own time: hence the bound,
// and hence the median of what waking took, not a high quantile.
//
// Pure arithmetic; its owner's mutex guards it.
class LoopLead {
 public:
  static constexpr platform::Nanoseconds kMax{50'000};
  static constexpr platform::Nanoseconds kInitial{10'000};
  // What took longer was no wake-up: the loop was at work, or the machine is overloaded.
  static constexpr platform::Nanoseconds kNoWakeUp{4 * kMax};

  // `enabled` is false where spinning does harm or is unwanted: then it stays zero.
  explicit constexpr LoopLead(bool enabled) : enabled_(enabled) {}

  platform::Nanoseconds Lead() const { return enabled_ ? lead_ : platform::Nanoseconds::zero(); }

  // Reports how long after its posting a call began. As many up as down: the median.
  void Observe(platform::Nanoseconds latency) {
    if (latency >= kNoWakeUp) return;
    lead_ += latency > lead_ ? kStep : -kStep;
    if (lead_ < platform::Nanoseconds::zero()) lead_ = platform::Nanoseconds::zero();
    if (lead_ > kMax) lead_ = kMax;
  }

 private:
  static constexpr platform::Nanoseconds kStep{1'000};

  bool enabled_;
  platform::Nanoseconds lead_ = kInitial;
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_LOOP_LEAD_H_

#ifndef HARDSTOP_NATIVE_WAKE_MARGIN_H_
#define HARDSTOP_NATIVE_WAKE_MARGIN_H_

#include "platform/clock.h"

namespace hardstop {

using platform::Nanoseconds;

// How much earlier than its deadline the watchdog should ask to be woken. It then spins until the
// deadline, so that the time the system takes to wake a thread is spent before the deadline and
// not after it.
//
// The margin is learnt from the overshoot of the watchdog's own sleeps (when it woke, minus when
// it had asked to be woken) as a running estimate of a high quantile: a sleep that overshoots the
// margin raises it by a sixteenth, one that does not lowers it by a 255th part of that, and the
// two balance where one sleep in kLateShare is late. How far a sleep overshot does not matter,
// only whether it did, so an outlier counts no more than a near miss. A sleep that overshot even
// kMax teaches nothing at all: no permitted margin would have met it.
//
// On an overloaded machine spinning does harm: the scheduler favours a thread that has just
// woken, the spin uses that favour up, and the watchdog is put aside in the middle of it. So a
// few misses in a row, of sleeps or of spins, make it sleep to the deadline itself for a while.
//
// Pure arithmetic, no clock, no thread: its owner (the watchdog thread) is the only one to touch
// it.
class WakeMargin {
 public:
  // Below this a margin is lost in the cost of waking up at all; above it, it would be a waste of
  // a processor.
  static constexpr Nanoseconds kMin{5'000};
  static constexpr Nanoseconds kMax{300'000};
  // Where learning starts: above what idle machines show (25 us typically), so that the first
  // deadlines are met too.
  static constexpr Nanoseconds kInitial{120'000};
  // One sleep in this many may overshoot the margin.
  static constexpr int kLateShare = 256;

  // `enabled` is false where spinning does harm or is unwanted (see SpinAllowed): the margin then
  // stays zero, which means "sleep to the deadline itself".
  explicit constexpr WakeMargin(bool enabled) : enabled_(enabled) {}

  // Zero: do not spin.
  Nanoseconds Margin() const { return enabled_ && !resting_ ? margin_ : Nanoseconds::zero(); }

  // Reports one sleep that ended by itself at its time, not by a wake-up call. A negative
  // overshoot (a clock read that raced) counts as none.
  void Observe(Nanoseconds overshoot);

  // Reports how late a spin that was not broken off saw its deadline pass.
  void ObserveSpin(Nanoseconds late);

 private:
  // A miss of more than kMax counts this much against spinning, a hit 1 for it; from kRestFrom on
  // it rests, until the account is even. One miss in a hundred, as on idle machines, never adds up.
  static constexpr int kMissWeight = 8;
  static constexpr int kRestFrom = 2 * kMissWeight;
  static constexpr int kMostStrain = 8 * kMissWeight;

  void Grade(bool missed);

  bool enabled_;
  bool resting_ = false;
  int strain_ = 0;
  Nanoseconds margin_ = kInitial;
};

// Spinning on the only processor keeps the very thread from running that should meet the
// deadline, and a user may refuse it (HARDSTOP_SPIN=0, which arrives here as `wanted`).
constexpr bool SpinAllowed(bool wanted, unsigned online_cores) {
  return wanted && online_cores > 1;
}

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_WAKE_MARGIN_H_

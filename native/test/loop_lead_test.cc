// g++ -std=c++17 -Inative native/test/loop_lead_test.cc -o /tmp/loop_lead_test &&
// /tmp/loop_lead_test

#include "loop_lead.h"

#include "test/check.h"

namespace {

using hardstop::LoopLead;
using hardstop::platform::Nanoseconds;

constexpr Nanoseconds Microseconds(int us) { return Nanoseconds(us * 1'000); }

void Repeat(LoopLead* lead, int times, Nanoseconds latency) {
  for (int i = 0; i < times; ++i) lead->Observe(latency);
}

TEST(ItFollowsTheLatency) {
  LoopLead lead(true);
  Repeat(&lead, 100, Microseconds(30));
  CHECK(lead.Lead() >= Microseconds(29) && lead.Lead() <= Microseconds(31));
  Repeat(&lead, 100, Microseconds(5));
  CHECK(lead.Lead() >= Microseconds(4) && lead.Lead() <= Microseconds(6));
}

TEST(ItFindsTheMedian) {
  LoopLead lead(true);
  for (int i = 0; i < 5'000; ++i) lead.Observe(Microseconds((i * 7) % 41));
  CHECK(lead.Lead() >= Microseconds(15) && lead.Lead() <= Microseconds(25));
}

TEST(ItStaysWithinItsBounds) {
  LoopLead lead(true);
  Repeat(&lead, 1'000, LoopLead::kNoWakeUp - Nanoseconds(1));
  CHECK(lead.Lead() == LoopLead::kMax);
  Repeat(&lead, 1'000, Nanoseconds(-1));
  CHECK(lead.Lead() == Nanoseconds(0));
}

TEST(ABusyLoopTeachesNothing) {
  LoopLead lead(true);
  Repeat(&lead, 1'000, LoopLead::kNoWakeUp);
  CHECK(lead.Lead() == LoopLead::kInitial);
}

TEST(WhereSpinningIsUnwantedThereIsNone) {
  LoopLead lead(false);
  CHECK(lead.Lead() == Nanoseconds(0));
  Repeat(&lead, 100, Microseconds(30));
  CHECK(lead.Lead() == Nanoseconds(0));
}

}  // namespace

int main() { return hardstop::test::RunTests(); }

// The promises of native/platform's headers, on the system that runs this. No bound on how late
// anything is: that depends on the machine. What must never happen (too early, lost, wrong) is
// tested.

#include <atomic>
#include <chrono>
#include <type_traits>

#include "platform/clock.h"
#include "platform/mutex.h"
#include "platform/sleeper.h"
#include "platform/thread.h"
#include "platform/thread_handle.h"
#include "test/check.h"

namespace {

using hardstop::platform::CpuRelax;
using hardstop::platform::Instant;
using hardstop::platform::MonotonicClock;
using hardstop::platform::Mutex;
using hardstop::platform::MutexLock;
using hardstop::platform::Nanoseconds;
using hardstop::platform::OnlineCores;
using hardstop::platform::Sleeper;
using hardstop::platform::StartDetachedThread;
using hardstop::platform::ThreadHandle;
using std::chrono::milliseconds;

// Process exit must neither wait for nor pull the ground from under the watchdog.
static_assert(std::is_trivially_destructible_v<Mutex>);
static_assert(std::is_trivially_destructible_v<Sleeper>);

// How long a thread may take for something that it certainly does. Only a broken test waits so
// long.
constexpr milliseconds kPatience{20'000};

template <typename Condition>
bool Eventually(Condition condition) {
  const Instant end = MonotonicClock::now() + kPatience;
  while (!condition()) {
    if (MonotonicClock::now() > end) return false;
    CpuRelax();
  }
  return true;
}

void BurnFor(Nanoseconds duration) {
  const Instant end = MonotonicClock::now() + duration;
  while (MonotonicClock::now() < end) CpuRelax();
}

TEST(TheClockNeverGoesBack) {
  Instant last = MonotonicClock::now();
  for (int i = 0; i < 100'000; ++i) {
    const Instant now = MonotonicClock::now();
    CHECK(now >= last);
    last = now;
  }
}

TEST(ThereIsAProcessor) { CHECK(OnlineCores() >= 1); }

TEST(ASleepEndsAtItsDeadlineAndNotBefore) {
  static Sleeper sleeper;
  for (int i = 0; i < 20; ++i) {
    const Instant deadline = MonotonicClock::now() + milliseconds(2);
    // A return that is neither the deadline nor a wake-up is allowed, but not twenty in a row.
    int returns = 0;
    while (MonotonicClock::now() < deadline) {
      sleeper.SleepUntil(sleeper.Ticket(), deadline);
      CHECK(++returns < 20);
    }
  }
}

TEST(APastDeadlineDoesNotSleep) {
  static Sleeper sleeper;
  sleeper.SleepUntil(sleeper.Ticket(), MonotonicClock::now() - milliseconds(1));
  sleeper.SleepUntil(sleeper.Ticket(), Instant::min());
  sleeper.SleepUntil(sleeper.Ticket(), Instant());
}

TEST(AStaleTicketDoesNotSleep) {
  static Sleeper sleeper;
  const std::uint32_t ticket = sleeper.Ticket();
  sleeper.Wake();
  sleeper.SleepUntil(ticket, Instant::max());
}

// One sleeper and one waker that take turns: a single lost wake-up leaves both waiting.
struct Turns {
  Sleeper sleeper;
  std::atomic<int> asked{0};
  std::atomic<int> answered{0};
};
constexpr int kTurns = 20'000;

TEST(NoWakeUpIsLost) {
  static Turns turns;
  const auto answer = [](void*) {
    while (turns.answered.load() < kTurns) {
      const std::uint32_t ticket = turns.sleeper.Ticket();
      if (turns.asked.load() == turns.answered.load()) {
        turns.sleeper.SleepUntil(ticket, Instant::max());
      } else {
        turns.answered.fetch_add(1);
      }
    }
  };
  CHECK(StartDetachedThread(answer, nullptr, "answer"));
  for (int i = 1; i <= kTurns; ++i) {
    turns.asked.store(i);
    turns.sleeper.Wake();
    CHECK(Eventually([&] { return turns.answered.load() == i; }));
  }
}

struct Shared {
  Mutex mutex;
  std::int64_t count HARDSTOP_GUARDED_BY(mutex) = 0;
  std::atomic<int> finished{0};
};
constexpr int kThreads = 4;
constexpr int kRounds = 200'000;

TEST(TheMutexExcludesAndPublishes) {
  static Shared shared;
  const auto count = [](void*) {
    for (int i = 0; i < kRounds; ++i) {
      const MutexLock lock(shared.mutex);
      shared.count += 1;
    }
    shared.finished.fetch_add(1);
  };
  for (int i = 0; i < kThreads; ++i) CHECK(StartDetachedThread(count, nullptr, "count"));
  CHECK(Eventually([] { return shared.finished.load() == kThreads; }));
  const MutexLock lock(shared.mutex);
  CHECK(shared.count == std::int64_t{kThreads} * kRounds);
}

struct Observed {
  ThreadHandle handle;
  std::atomic<int> phase{0};
};

TEST(AThreadsCpuTimeIsSeenFromOutside) {
  static Observed observed;
  const auto work = [](void*) {
    observed.handle = ThreadHandle::Current();
    observed.phase = 1;
    while (observed.phase == 1) CpuRelax();
  };
  CHECK(StartDetachedThread(work, nullptr, "work"));
  CHECK(Eventually([] { return observed.phase == 1; }));
  constexpr Nanoseconds kGone{-1};
  const Nanoseconds before = observed.handle.CpuTime(kGone);
  CHECK(before >= Nanoseconds::zero());
  CHECK(observed.handle != ThreadHandle::Current());
  CHECK(Eventually([&] { return observed.handle.CpuTime(kGone) >= before + milliseconds(5); }));
  observed.phase = 2;
  CHECK(Eventually([&] { return observed.handle.CpuTime(kGone) == kGone; }));
}

TEST(CpuTimeIsNotWallTime) {
  static Sleeper sleeper;
  const ThreadHandle self = ThreadHandle::Current();
  CHECK(self == ThreadHandle::Current());
  const Nanoseconds before = self.CpuTime(Nanoseconds(-1));
  const Instant deadline = MonotonicClock::now() + milliseconds(60);
  while (MonotonicClock::now() < deadline) sleeper.SleepUntil(sleeper.Ticket(), deadline);
  const Nanoseconds slept = self.CpuTime(Nanoseconds(-1)) - before;
  CHECK(slept < milliseconds(40));
  BurnFor(milliseconds(1));
  CHECK(self.CpuTime(Nanoseconds(-1)) >= before + slept);
}

TEST(NoThreadHasNoCpuTime) { CHECK(ThreadHandle().CpuTime(Nanoseconds(-7)) == Nanoseconds(-7)); }

}  // namespace

int main() { return hardstop::test::RunTests(); }

// What the killer's thread sleeps with.

#include "platform/end_sleeper.h"

#ifndef _WIN32

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "platform/process_list.h"
#include "test/check.h"

namespace {

using hardstop::platform::EndSleeper;
using hardstop::platform::Instant;
using hardstop::platform::MonotonicClock;
using hardstop::platform::ProcessEntry;
using hardstop::platform::ProcessHold;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A child that waits to be killed, and is held.
struct HeldChild {
  HeldChild() : pid(fork()) {
    while (pid == 0) pause();
    ProcessEntry entry;
    CHECK(hardstop::platform::ReadProcess(pid, &entry));
    hold = ProcessHold(entry);
  }
  void End() const {
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, nullptr, 0) == pid);
  }

  const pid_t pid;
  ProcessHold hold;
};

TEST(ASleepEndsAtItsDeadlineAndNotBeforeWhoeverIsAwaited) {
  static EndSleeper sleeper;
  sleeper.Open();
  const HeldChild child;
  for (const bool awaits : {false, true}) {
    std::vector<int> awaited;
    if (awaits) awaited.push_back(child.hold.descriptor());
    const Instant deadline = MonotonicClock::now() + milliseconds(20);
    // It may end early for no reason, but not always.
    while (MonotonicClock::now() < deadline) {
      sleeper.SleepUntil(sleeper.Ticket(), deadline, &awaited);
      CHECK(awaited.empty());
      if (awaits) awaited.push_back(child.hold.descriptor());
    }
  }
  child.End();
}

TEST(TheEndOfAProcessEndsASleepAndIsTold) {
  static EndSleeper sleeper;
  sleeper.Open();
  const HeldChild lives;
  const HeldChild ends;
  // There is nothing to hold on to elsewhere than on Linux.
  if (!ends.hold.IsHolding()) return;
  std::thread later([&ends] {
    usleep(20'000);
    kill(ends.pid, SIGKILL);
  });
  std::vector<int> awaited;
  const Instant deadline = MonotonicClock::now() + seconds(60);
  do {
    awaited = {lives.hold.descriptor(), ends.hold.descriptor()};
    sleeper.SleepUntil(sleeper.Ticket(), deadline, &awaited);
  } while (awaited.empty() && MonotonicClock::now() < deadline);
  CHECK(awaited.size() == 1 && awaited[0] == ends.hold.descriptor());
  later.join();
  ends.End();
  lives.End();
}

TEST(AWakeUpEndsASleepThatAwaitsAnEnd) {
  static EndSleeper sleeper;
  sleeper.Open();
  const HeldChild child;
  for (int i = 0; i < 200; ++i) {
    const Instant deadline = MonotonicClock::now() + seconds(60);
    const uint32_t ticket = sleeper.Ticket();
    // Before, while and after it goes to sleep.
    std::thread waker([i] {
      usleep(static_cast<useconds_t>(i));
      sleeper.Wake();
    });
    while (sleeper.Ticket() == ticket) {
      std::vector<int> awaited = {child.hold.descriptor()};
      sleeper.SleepUntil(ticket, deadline, &awaited);
    }
    CHECK(MonotonicClock::now() < deadline);
    waker.join();
  }
  child.End();
}

}  // namespace

int main() { return hardstop::test::RunTests(); }

#else

int main() { return 0; }

#endif

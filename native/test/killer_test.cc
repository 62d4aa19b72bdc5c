// The killer's thread, with trees of processes that the test forks.

#include "process/killer.h"

#ifndef _WIN32

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <initializer_list>
#include <memory>
#include <new>

#include "test/check.h"

namespace {

using hardstop::EndStep;
using hardstop::Killer;
using hardstop::PlannedEnd;
using hardstop::TreeEndOwner;
using hardstop::TreeEndPlan;
using hardstop::TreeScope;
using hardstop::TreeTarget;
using hardstop::platform::Instant;
using hardstop::platform::MonotonicClock;
using hardstop::platform::Nanoseconds;
using hardstop::platform::ProcessEntry;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Owner final : public TreeEndOwner {
 public:
  void OnBegun() override { ++begun; }
  void OnOver() override { ++over; }

  std::unique_ptr<PlannedEnd> Wait() {
    for (int tries = 0; tries < 20'000; ++tries) {
      PlannedEnd* taken = Killer::Instance().TakeOver(this);
      if (taken != nullptr) return std::unique_ptr<PlannedEnd>(taken);
      usleep(1'000);
    }
    CHECK(false);
    return nullptr;
  }

  std::atomic<int> begun{0};
  std::atomic<int> over{0};
};

// A root that leads a session, with a child, and a grandchild in a session of its own.
struct Family {
  pid_t root;
  std::atomic<pid_t>* ids;  // shared with them

  explicit Family(bool ignores) {
    void* shared = mmap(nullptr, sizeof(std::atomic<pid_t>) * 3, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ids = new (shared) std::atomic<pid_t>[3] {};
    root = fork();
    if (root == 0) Live(ignores);
    while (ids[0] == 0 || ids[1] == 0 || ids[2] == 0) usleep(1'000);
  }

  [[noreturn]] void Live(bool ignores) const {
    signal(SIGTERM, ignores ? SIG_IGN : SIG_DFL);
    setsid();
    if (fork() == 0) {
      if (fork() == 0) {
        setsid();
        ids[2] = getpid();
      } else {
        ids[1] = getpid();
      }
    } else {
      ids[0] = getpid();
    }
    while (true) pause();
  }

  int Alive() const {
    int alive = 0;
    for (int i = 0; i < 3; ++i) {
      ProcessEntry entry;
      if (hardstop::platform::ReadProcess(ids[i], &entry) && entry.alive) ++alive;
    }
    return alive;
  }

  int ReapRoot() const {
    int status = 0;
    CHECK(waitpid(root, &status, 0) == root);
    return status;
  }
};

TreeTarget TargetOf(const Family& family, TreeScope scope = TreeScope::kTree) {
  TreeTarget target;
  target.pid = family.root;
  target.scope = scope;
  return target;
}

TreeEndPlan PlanOf(Instant deadline, Nanoseconds grace) {
  TreeEndPlan plan;
  plan.deadline = deadline;
  plan.grace = grace;
  plan.signal = SIGTERM;
  return plan;
}

TEST(EndsATreeAtItsDeadlineAndNotBefore) {
  Owner owner;
  const Family family(false);
  const Instant deadline = MonotonicClock::now() + milliseconds(50);
  CHECK(Killer::Instance().Plan(TargetOf(family), PlanOf(deadline, seconds(60)), &owner) != 0);
  const auto over = owner.Wait();
  const auto& report = over->end.report();
  CHECK(report.step == EndStep::kSoft && report.root == EndStep::kSoft);
  CHECK(report.started_at >= deadline && report.ended_at >= report.started_at);
  CHECK(report.signalled.size() == 3 && report.survivors.empty());
  CHECK(family.Alive() == 0);
  CHECK(WTERMSIG(family.ReapRoot()) == SIGTERM);
  CHECK(owner.begun == 1 && owner.over == 1);
}

TEST(KillsAfterTheGraceWhatIgnoresTheSignal) {
  Owner owner;
  const Family family(true);
  const Instant deadline = MonotonicClock::now();
  CHECK(Killer::Instance().Plan(TargetOf(family), PlanOf(deadline, milliseconds(50)), &owner) != 0);
  const auto over = owner.Wait();
  const auto& report = over->end.report();
  CHECK(report.step == EndStep::kHard && report.root == EndStep::kHard);
  CHECK(report.ended_at >= deadline + milliseconds(50));
  CHECK(report.survivors.empty() && family.Alive() == 0);
  CHECK(WTERMSIG(family.ReapRoot()) == SIGKILL);
}

// What kills at its deadline looks for its members before.
TEST(PreparesWithoutHarmAndKillsAtTheDeadlineAndNotBefore) {
  Owner owner;
  const Family family(true);
  TreeTarget target = TargetOf(family);
  target.mark[0] = 'T';
  const Instant deadline = MonotonicClock::now() + milliseconds(60);
  CHECK(Killer::Instance().Plan(target, PlanOf(deadline, Nanoseconds(0)), &owner) != 0);
  while (MonotonicClock::now() < deadline - milliseconds(1)) {
    const bool is_whole_family = family.Alive() == 3 && owner.begun == 0;
    CHECK(is_whole_family || MonotonicClock::now() >= deadline);
    usleep(200);
  }
  const auto over = owner.Wait();
  CHECK(over->end.report().step == EndStep::kHard && over->end.report().started_at >= deadline);
  CHECK(over->end.report().signalled.size() == 3 && family.Alive() == 0);
  family.ReapRoot();
}

TEST(WhatIsPreparedMayBeMovedOrDropped) {
  Owner owner;
  const Family family(false);
  TreeTarget target = TargetOf(family);
  target.mark[0] = 'T';
  for (int i = 0; i < 200; ++i) {
    const Instant deadline = MonotonicClock::now() + seconds(1);
    const uint32_t id = Killer::Instance().Plan(target, PlanOf(deadline, Nanoseconds(0)), &owner);
    // Within the time of preparation, at another moment of it each time.
    const Instant soon = MonotonicClock::now() + milliseconds(600);
    Killer::Instance().Reschedule(id, soon);
    Killer::Instance().Reschedule(id, MonotonicClock::now() + milliseconds(7));
    usleep(static_cast<useconds_t>(i) * 10);
    Killer::Instance().Reschedule(id, soon);
    const Killer::AfterRoot after = Killer::Instance().RootEnded(id, false);
    // The machine may be so busy that it has struck.
    if (after != Killer::AfterRoot::kDropped) break;
  }
  CHECK(owner.begun > 0 || (family.Alive() == 3 && owner.over == 0));
  if (owner.begun > 0) owner.Wait();
  for (int i = 0; i < 3; ++i) kill(family.ids[i], SIGKILL);
  family.ReapRoot();
}

TEST(BeginsOnOrderAndUsesForceEarlierWhenToldAgain) {
  Owner owner;
  const Family family(true);
  const uint32_t id =
      Killer::Instance().Plan(TargetOf(family), PlanOf(Instant::max(), seconds(60)), &owner);
  Killer::Instance().Begin(id, seconds(60));
  usleep(30'000);
  CHECK(family.Alive() == 3 && owner.begun == 1 && owner.over == 0);
  Killer::Instance().Begin(id, Nanoseconds(0));
  CHECK(owner.Wait()->end.report().step == EndStep::kHard);
  CHECK(family.Alive() == 0);
  family.ReapRoot();
}

TEST(MovesADeadlineUntilItHasBegun) {
  Owner owner;
  const Family family(false);
  const uint32_t id = Killer::Instance().Plan(
      TargetOf(family), PlanOf(MonotonicClock::now() + milliseconds(30), seconds(60)), &owner);
  Killer::Instance().Reschedule(id, MonotonicClock::now() + seconds(60));
  usleep(100'000);
  CHECK(family.Alive() == 3 && owner.begun == 0);
  Killer::Instance().Reschedule(id, MonotonicClock::now());
  owner.Wait();
  CHECK(family.Alive() == 0);
  Killer::Instance().Reschedule(id, Instant::max());
  family.ReapRoot();
}

TEST(DropsAnEndWhoseRootHasEndedOrSweepsTheRest) {
  for (const bool sweep : {false, true}) {
    Owner owner;
    const Family family(false);
    const uint32_t id =
        Killer::Instance().Plan(TargetOf(family), PlanOf(Instant::max(), seconds(60)), &owner);
    kill(family.root, SIGKILL);
    CHECK(WTERMSIG(family.ReapRoot()) == SIGKILL);
    const Killer::AfterRoot after = Killer::Instance().RootEnded(id, sweep);
    if (sweep) {
      CHECK(after == Killer::AfterRoot::kUnderWay);
      // Who is in its session, and the child of that.
      const auto over = owner.Wait();
      CHECK(over->end.report().root == EndStep::kNone);
      CHECK(over->end.report().signalled.size() == 2);
    } else {
      CHECK(after == Killer::AfterRoot::kDropped);
      CHECK(Killer::Instance().RootEnded(id, true) == Killer::AfterRoot::kUnknown);
      CHECK(family.Alive() == 2 && owner.begun == 0);
    }
    for (int i = 1; i < 3; ++i) kill(family.ids[i], SIGKILL);
  }
}

TEST(EndsTheRootAloneOrTheDescendantsAlone) {
  Owner owner;
  const Family first(false);
  const auto plan = PlanOf(MonotonicClock::now(), Nanoseconds(0));
  CHECK(Killer::Instance().Plan(TargetOf(first, TreeScope::kRoot), plan, &owner) != 0);
  CHECK(owner.Wait()->end.report().signalled.size() == 1);
  CHECK(first.Alive() == 2);
  first.ReapRoot();
  for (int i = 1; i < 3; ++i) kill(first.ids[i], SIGKILL);

  const Family second(false);
  CHECK(Killer::Instance().Plan(TargetOf(second, TreeScope::kDescendants), plan, &owner) != 0);
  const auto over = owner.Wait();
  CHECK(over->end.report().signalled.size() == 2 && over->end.report().root == EndStep::kNone);
  CHECK(second.Alive() == 1);
  kill(second.root, SIGKILL);
  second.ReapRoot();
}

TEST(SendsOneSignalAndDoesNotWait) {
  Owner owner;
  const Family family(true);
  TreeEndPlan plan = PlanOf(MonotonicClock::now(), Nanoseconds::max());
  plan.once = true;
  CHECK(Killer::Instance().Plan(TargetOf(family), plan, &owner) != 0);
  const auto over = owner.Wait();
  CHECK(over->end.report().signalled.size() == 3 && over->end.report().survivors.empty());
  CHECK(family.Alive() == 3);
  kill(family.root, SIGKILL);
  family.ReapRoot();
  for (int i = 1; i < 3; ++i) kill(family.ids[i], SIGKILL);
}

TEST(WhatItsOwnerAbandonsEnds) {
  const Family family(true);
  {
    Owner owner;
    CHECK(Killer::Instance().Plan(TargetOf(family), PlanOf(Instant::max(), milliseconds(20)),
                                  &owner) != 0);
    Killer::Instance().Abandon(&owner);
    CHECK(owner.over == 0);
  }
  for (int tries = 0; tries < 20'000 && family.Alive() > 0; ++tries) usleep(1'000);
  CHECK(family.Alive() == 0);
  family.ReapRoot();
}

TEST(EndsManyTreesAtTheSameTime) {
  Owner owner;
  constexpr int kCount = 40;
  for (int i = 0; i < kCount; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      while (true) pause();
    }
    TreeTarget target;
    target.pid = child;
    const Instant deadline = MonotonicClock::now() + milliseconds(i % 7);
    const uint32_t id = Killer::Instance().Plan(target, PlanOf(deadline, seconds(60)), &owner);
    if (i % 3 == 0) Killer::Instance().Begin(id, Nanoseconds(0));
    if (i % 5 == 0) Killer::Instance().Reschedule(id, deadline + milliseconds(3));
  }
  for (int i = 0; i < kCount; ++i) CHECK(owner.Wait()->end.report().survivors.empty());
  for (int i = 0; i < kCount; ++i) CHECK(wait(nullptr) > 0);
  CHECK(owner.begun == kCount && owner.over == kCount);
}

// Those that come later are planned while the killer lists processes for the first ones, and their
// roots are not in that list.
TEST(WhatIsOverdueWhenItIsPlannedIsEndedWhateverIsUnderWay) {
  Owner owner;
  constexpr int kCount = 8;
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < kCount; ++j) {
      TreeTarget target;
      target.pid = fork();
      // Should it be forgotten, it does not hold up who waits for this program's output.
      if (target.pid == 0) alarm(60);
      while (target.pid == 0) pause();
      const Instant deadline = MonotonicClock::now() - milliseconds(20);
      CHECK(Killer::Instance().Plan(target, PlanOf(deadline, seconds(60)), &owner) != 0);
    }
    for (int j = 0; j < kCount; ++j) {
      CHECK(owner.Wait()->end.report().signalled.size() == 1);
    }
    for (int j = 0; j < kCount; ++j) CHECK(wait(nullptr) > 0);
  }
}

}  // namespace

int main() { return hardstop::test::RunTests(); }

#else

int main() { return 0; }

#endif

// Trees that are contained before they are killed: real ones, and in them whom they must not hit.

#if defined(__linux__)

#include "process/containment.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "platform/linux/control_group.h"
#include "process/killer.h"
#include "process/process_snapshot.h"
#include "test/check.h"
#include "test/fork_bomb.h"
#include "test/group_test.h"

namespace {

using hardstop::Containment;
using hardstop::Killer;
using hardstop::PlannedEnd;
using hardstop::SharedSnapshot;
using hardstop::TreeEndOwner;
using hardstop::TreeEndPlan;
using hardstop::TreeEndReport;
using hardstop::TreeMembers;
using hardstop::TreeTarget;
using hardstop::platform::ControlGroup;
using hardstop::platform::MonotonicClock;
using hardstop::platform::ProcessEntry;
using hardstop::platform::ReadProcess;
using hardstop::test::CountDescriptors;
using hardstop::test::ForkBomb;
using hardstop::test::HasGroups;
using hardstop::test::kNoGroups;
using hardstop::test::OwnFolder;
using hardstop::test::RunInChild;

bool IsAlive(pid_t pid) {
  ProcessEntry entry;
  return ReadProcess(pid, &entry) && entry.alive;
}

// Until it is killed; does what it is told to first.
template <typename Work>
pid_t Start(Work work) {
  const pid_t child = fork();
  if (child != 0) return child;
  alarm(60);
  work();
  while (true) pause();
}

// Two processes in a session of their own that are to be ended.
struct Pair {
  std::atomic<pid_t>* child;
  pid_t root;

  Pair() {
    void* shared = mmap(nullptr, sizeof(std::atomic<pid_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    child = new (shared) std::atomic<pid_t>(0);
    root = Start([this] {
      setsid();
      const pid_t forked = fork();
      if (forked != 0) *child = forked;
      if (forked == 0) alarm(60);
    });
    while (*child == 0) usleep(1'000);
  }
};

TreeTarget TargetOf(pid_t root, const char* mark = "") {
  TreeTarget target;
  target.pid = root;
  std::snprintf(target.mark, sizeof target.mark, "%s", mark);
  return target;
}

// Moves a process as somebody else would, or as we would by a mistake.
void MoveTo(const char* group_of, pid_t pid) {
  char path[512];
  char text[256] = "";
  std::snprintf(path, sizeof path, "/proc/%s/cgroup", group_of);
  int file = open(path, O_RDONLY);
  CHECK(read(file, text, sizeof text - 1) > 0);
  close(file);
  const char* name = strstr(text, "hardstop-");
  CHECK(name != nullptr);
  const OwnFolder folder;
  std::snprintf(path, sizeof path, "%.*s/cgroup.procs", static_cast<int>(strcspn(name, "\n")),
                name);
  file = openat(folder.descriptor(), path, O_WRONLY);
  const int length = std::snprintf(text, sizeof text, "%d", pid);
  CHECK(write(file, text, static_cast<size_t>(length)) == length);
  close(file);
}

TEST(AStrangerInTheGroupIsSentBackAndLives) {
  SKIP_IF(!HasGroups(), kNoGroups);
  CHECK(RunInChild([] {
    const pid_t stranger = Start([] {});
    // It has a parent of its own, which lives.
    const pid_t strangers_parent = Start([] {
      if (fork() == 0) alarm(60);
    });
    // The unit of start times is 10 ms.
    usleep(30'000);
    const Pair pair;
    TreeMembers members(TargetOf(pair.root));
    SharedSnapshot processes;
    CHECK(members.Find(&processes) == 2);
    pid_t other = 0;
    ProcessEntry entry;
    for (size_t i = 0; i < processes.Get()->size(); ++i) {
      if ((*processes.Get())[i].parent == strangers_parent) other = (*processes.Get())[i].pid;
    }
    CHECK(other != 0);
    Containment containment;
    CHECK(containment.Refresh(&members) == 2);
    containment.TakeIn(&members);
    CHECK(containment.is_used() && containment.Refresh(&members) == 0);
    char root[16];
    std::snprintf(root, sizeof root, "%d", pair.root);
    MoveTo(root, stranger);
    MoveTo(root, other);
    std::vector<int32_t> killed;
    CHECK(!containment.KillInside(members, &killed) && killed.empty());
    CHECK(IsAlive(pair.root) && IsAlive(*pair.child));
    CHECK(containment.KillInside(members, &killed) && killed.size() == 2);
    for (int tries = 0; tries < 20'000 && !containment.Close(); ++tries) usleep(1'000);
    CHECK(!containment.is_used());
    CHECK(!IsAlive(pair.root) && !IsAlive(*pair.child));
    CHECK(IsAlive(stranger) && IsAlive(other) && IsAlive(strangers_parent));
    for (const pid_t pid : {stranger, other, strangers_parent}) kill(pid, SIGKILL);
  }));
}

TEST(WhoLosesItsParentInTheGroupIsKilledWithTheOthers) {
  SKIP_IF(!HasGroups(), kNoGroups);
  CHECK(RunInChild([] {
    auto* orphan = static_cast<std::atomic<pid_t>*>(
        mmap(nullptr, 64, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    auto* order = orphan + 1;
    const pid_t root = Start([orphan, order] {
      while (*order == 0) usleep(1'000);
      if (fork() != 0) return;
      setsid();
      if (fork() != 0) _exit(0);
      alarm(60);
      *orphan = getpid();
    });
    TreeMembers members(TargetOf(root));
    SharedSnapshot processes;
    CHECK(members.Find(&processes) == 1);
    Containment containment;
    containment.TakeIn(&members);
    CHECK(containment.is_used());
    *order = 1;
    while (*orphan == 0) usleep(1'000);
    ProcessEntry entry;
    do {
      usleep(1'000);
      CHECK(ReadProcess(*orphan, &entry));
    } while (entry.parent != getpid());
    std::vector<int32_t> killed;
    CHECK(containment.KillInside(members, &killed) && killed.size() == 2);
    for (int tries = 0; tries < 20'000 && !containment.Close(); ++tries) usleep(1'000);
    CHECK(!containment.is_used() && !IsAlive(root) && !IsAlive(*orphan));
  }));
}

class Owner final : public TreeEndOwner {
 public:
  void OnBegun() override {}
  void OnOver() override {}
};

// Kills the tree from the killer's thread, while somebody outside of it wakes all who are stopped.
template <typename Wake>
TreeEndReport KillWhile(Wake wake, const TreeTarget& target) {
  std::atomic<bool> is_over{false};
  std::thread friend_of_it([&] {
    while (!is_over) {
      wake();
      usleep(100);
    }
  });
  Owner owner;
  TreeEndPlan plan;
  plan.signal = SIGKILL;
  plan.deadline = MonotonicClock::now();
  CHECK(Killer::Instance().Plan(target, plan, &owner) != 0);
  std::unique_ptr<PlannedEnd> end;
  while (end == nullptr) {
    usleep(1'000);
    end.reset(Killer::Instance().TakeOver(&owner));
  }
  is_over = true;
  friend_of_it.join();
  return end->end.report();
}

// What bears no mark and is woken again is lost by who kills one after the other.
TEST(NothingIsLeftOfAForkBomb) {
  SKIP_IF(!HasGroups(), kNoGroups);
  for (const char* mark : {"", "T1.storm.0.1"}) {
    CHECK(RunInChild([mark] {
      const OwnFolder folder;
      ForkBomb* bomb = ForkBomb::Make(true);
      const TreeTarget target = TargetOf(bomb->Light(), mark);
      const uint32_t made_before = ControlGroup::made();
      const int descriptors = CountDescriptors();
      const auto report = KillWhile([bomb] { bomb->WakeAll(); }, target);
      const int left = bomb->Alive();
      bomb->KillAll();
      CHECK(left == 0 && report.survivors.empty());
      CHECK(report.signalled.size() >= ForkBomb::kMost);
      CHECK(ControlGroup::made() > made_before);
      CHECK(folder.CountGroupsOf(getpid()) == 0);
      // The killer keeps one to be woken by.
      CHECK(CountDescriptors() <= descriptors + 1);
    }));
  }
}

void EndWithoutGroups(bool is_nobody) {
  if (is_nobody) CHECK(setgid(65'534) == 0 && setuid(65'534) == 0);
  if (!is_nobody) ControlGroup::UseFolder("/sys");
  const uint32_t made_before = ControlGroup::made();
  const Pair pair;
  const auto report = KillWhile(
      [&pair] {
        kill(pair.root, SIGCONT);
        kill(*pair.child, SIGCONT);
      },
      TargetOf(pair.root));
  CHECK(report.survivors.empty() && report.signalled.size() == 2);
  CHECK(!IsAlive(pair.root) && !IsAlive(*pair.child));
  CHECK(ControlGroup::made() == made_before);
}

TEST(WhereAGroupIsNotPermittedTheTreeIsEndedWithoutIt) {
  CHECK(RunInChild([] { EndWithoutGroups(false); }));
  if (getuid() == 0) CHECK(RunInChild([] { EndWithoutGroups(true); }));
}

TEST(ATreeThatKeepsStillNeedsNoGroup) {
  CHECK(RunInChild([] {
    const uint32_t made_before = ControlGroup::made();
    const Pair pair;
    const auto report = KillWhile([] {}, TargetOf(pair.root, "T1.still.0.1"));
    CHECK(report.survivors.empty() && report.signalled.size() == 2);
    CHECK(ControlGroup::made() == made_before);
  }));
}

}  // namespace

int main() { return hardstop::test::RunTests(); }

#else

int main() { return 0; }

#endif

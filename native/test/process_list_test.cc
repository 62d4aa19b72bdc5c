// The list of processes and what is sent to them, tried on children of the test's own.

#include "platform/process_list.h"

#ifndef _WIN32

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "process/process_snapshot.h"
#include "test/check.h"

namespace {

using hardstop::ProcessSnapshot;
using hardstop::platform::ProcessEntry;
using hardstop::platform::ProcessHold;
using hardstop::platform::ProcessList;
using hardstop::platform::ReadProcess;
using hardstop::platform::SendResult;

// A child that waits to be killed.
pid_t StartChild(const char* environment = nullptr) {
  const pid_t child = fork();
  if (child != 0) return child;
  if (environment != nullptr) {
    char variable[128];
    std::snprintf(variable, sizeof variable, "HARDSTOP_TREE=%s", environment);
    char name[] = "sleep";
    char seconds[] = "1000";
    char* arguments[] = {name, seconds, nullptr};
    char* variables[] = {variable, nullptr};
    execve("/bin/sleep", arguments, variables);
  }
  while (true) pause();
}

int Reap(pid_t child) {
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  return status;
}

void EndChild(pid_t child) {
  kill(child, SIGKILL);
  Reap(child);
}

ProcessEntry EntryOf(pid_t pid) {
  ProcessEntry entry;
  CHECK(ReadProcess(pid, &entry));
  return entry;
}

TEST(ReadsThisProcess) {
  const ProcessEntry self = EntryOf(getpid());
  CHECK(self.alive);
  CHECK(self.pid == getpid() && self.parent == getppid());
  CHECK(self.group == getpgrp() && self.session == getsid(0));
  CHECK(self.started_at > 0);
}

TEST(ListsAChildWhichIsNoOlderThanItsParent) {
  const pid_t child = StartChild();
  ProcessList list;
  CHECK(hardstop::platform::ListProcesses(ProcessList(), &list));
  bool found = false;
  for (const ProcessEntry& entry : list.entries) {
    if (entry.pid == child) found = entry.parent == getpid() && entry.IsSameAs(EntryOf(child));
  }
  CHECK(found);
  CHECK(EntryOf(child).started_at >= EntryOf(getpid()).started_at);
  EndChild(child);
}

TEST(AProcessThatWasNotReapedIsThereButNotAlive) {
  const pid_t child = StartChild();
  const ProcessEntry listed = EntryOf(child);
  kill(child, SIGKILL);
  siginfo_t info;
  CHECK(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  CHECK(EntryOf(child).IsSameAs(listed));
  CHECK(!EntryOf(child).alive);
  CHECK(Kill(listed, ProcessHold()) == SendResult::kGone);
  CHECK(!IsAlive(listed, ProcessHold()));
  Reap(child);
  ProcessEntry entry;
  CHECK(!ReadProcess(child, &entry));
  CHECK(Kill(listed, ProcessHold()) == SendResult::kGone);
}

TEST(AProcessThatIsHeldIsSeenToEnd) {
  const pid_t child = StartChild();
  const ProcessEntry listed = EntryOf(child);
  ProcessHold hold(listed);
  CHECK(IsAlive(listed, hold));
  ProcessHold moved;
  moved = std::move(hold);
  CHECK(IsAlive(listed, moved));
  CHECK(Kill(listed, moved) == SendResult::kSent);
  for (int tries = 0; tries < 20'000 && IsAlive(listed, moved); ++tries) usleep(1'000);
  CHECK(!IsAlive(listed, moved));
  CHECK(Kill(listed, moved) == SendResult::kGone);
  CHECK(WTERMSIG(Reap(child)) == SIGKILL);
  CHECK(!IsAlive(listed, moved));
  CHECK(Kill(listed, moved) == SendResult::kGone);
}

TEST(ALaterProcessOfTheSameIdIsNotHeld) {
  const pid_t child = StartChild();
  ProcessEntry earlier = EntryOf(child);
  --earlier.started_at;
  CHECK(!ProcessHold(earlier).IsHolding());
  CHECK(!IsAlive(earlier, ProcessHold(earlier)));
  EndChild(child);
}

TEST(FewProcessesAreHeldAtATime) {
  const pid_t child = StartChild();
  std::vector<ProcessHold> holds;
  for (int i = 0; i < 1'000; ++i) holds.emplace_back(EntryOf(child));
  CHECK(!holds.back().IsHolding());
  CHECK(IsAlive(EntryOf(child), holds.back()));
  const bool held_any = holds.front().IsHolding();
  holds.clear();
  CHECK(ProcessHold(EntryOf(child)).IsHolding() == held_any);
  EndChild(child);
}

TEST(ALaterProcessOfTheSameIdIsLeftAlone) {
  const pid_t child = StartChild();
  ProcessEntry earlier = EntryOf(child);
  --earlier.started_at;
  CHECK(AskToEnd(earlier, SIGTERM, true) == SendResult::kGone);
  CHECK(Freeze(earlier) == SendResult::kGone);
  CHECK(Kill(earlier, ProcessHold()) == SendResult::kGone);
  CHECK(EntryOf(child).alive);
  CHECK(Kill(EntryOf(child), ProcessHold()) == SendResult::kSent);
  CHECK(WTERMSIG(Reap(child)) == SIGKILL);
}

TEST(AStoppedProcessIsWokenToTakeTheSignal) {
  const pid_t child = StartChild();
  CHECK(Freeze(EntryOf(child)) == SendResult::kSent);
  int status = 0;
  CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
  CHECK(AskToEnd(EntryOf(child), SIGTERM, true) == SendResult::kSent);
  CHECK(WTERMSIG(Reap(child)) == SIGTERM);
}

TEST(OwnGroupIsNeverKilled) {
  hardstop::platform::KillGroup(getpgrp());
  hardstop::platform::KillGroup(0);
  hardstop::platform::KillGroup(1);
}

TEST(FindsWholeMarksInTheEnvironmentOnly) {
  const pid_t marked = StartChild("T1.a.0.1;T2.b.0.12;");
  const pid_t plain = StartChild("");
  // They have the test's own environment until they have become the other program.
  ProcessSnapshot snapshot;
  bool found = false;
  for (int tries = 0; tries < 5'000 && !found; ++tries) {
    usleep(2'000);
    snapshot.Take(false);
    found = snapshot.IsMarked(snapshot.Find(marked), "T1.a.0.1");
  }
  CHECK(found);
  CHECK(snapshot.IsMarked(snapshot.Find(marked), "T2.b.0.12"));
  CHECK(!snapshot.IsMarked(snapshot.Find(marked), "T2.b.0.1"));
  CHECK(!snapshot.IsMarked(snapshot.Find(plain), "T1.a.0.1"));
  CHECK(snapshot.HasGroupOrSession(getpgrp()));
  EndChild(marked);
  EndChild(plain);
  snapshot.Take(false);
  CHECK(snapshot.Find(marked) == ProcessSnapshot::kNone);
}

TEST(AnUpdatedListHasWhoHasComeAndNotWhoHasGone) {
  const pid_t stays = StartChild("T1.a.0.1;");
  const pid_t goes = StartChild();
  ProcessSnapshot snapshot;
  for (bool found = false; !found; usleep(2'000)) {
    snapshot.Take(false);
    found = snapshot.IsMarked(snapshot.Find(stays), "T1.a.0.1");
  }
  EndChild(goes);
  for (int i = 0; i < 20; ++i) {
    const pid_t comes = StartChild();
    snapshot.Take(true);
    CHECK(snapshot[snapshot.Find(comes)].IsSameAs(EntryOf(comes)));
    CHECK(snapshot[snapshot.Find(comes)].parent == getpid());
    CHECK(snapshot[snapshot.Find(stays)].IsSameAs(EntryOf(stays)));
    CHECK(snapshot.IsMarked(snapshot.Find(stays), "T1.a.0.1"));
    CHECK(snapshot.Find(goes) == ProcessSnapshot::kNone || goes == comes);
    EndChild(comes);
  }
  EndChild(stays);
}

#if defined(__linux__)
TEST(AProcessMayHaveAnyName) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NAME, ") Z 1 1 (\n) ");
    while (true) pause();
  }
  usleep(20'000);
  const ProcessEntry entry = EntryOf(child);
  CHECK(entry.parent == getpid() && entry.alive);
  EndChild(child);
}
#endif

}  // namespace

int main() { return hardstop::test::RunTests(); }

#else

int main() { return 0; }

#endif

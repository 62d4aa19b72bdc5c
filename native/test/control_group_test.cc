// A control group in the own group's folder: what is found, made, moved, killed and removed.

#if defined(__linux__)

#include "platform/linux/control_group.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "platform/linux/control_group_folder.h"
#include "test/check.h"
#include "test/group_test.h"

namespace {

using hardstop::platform::ControlGroup;
using hardstop::platform::NextGroupFolder;
using hardstop::platform::ParseGroup;
using hardstop::platform::ProcessEntry;
using hardstop::platform::ReadProcess;
using hardstop::test::CountDescriptors;
using hardstop::test::CountEntries;
using hardstop::test::HasGroups;
using hardstop::test::kNoGroups;
using hardstop::test::OwnFolder;
using hardstop::test::RunInChild;
using Admission = hardstop::platform::ProcessContainer::Admission;

std::unique_ptr<ControlGroup> MakeGroup() {
  return std::unique_ptr<ControlGroup>(ControlGroup::Make());
}

pid_t StartSleeper() {
  const pid_t child = fork();
  if (child == 0) alarm(60);
  while (child == 0) pause();
  return child;
}

ProcessEntry EntryOf(pid_t pid) {
  ProcessEntry entry;
  CHECK(ReadProcess(pid, &entry));
  return entry;
}

int KillSignalOf(pid_t child) {
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

bool Contains(const ControlGroup& group, pid_t pid) {
  std::vector<int32_t> ids;
  CHECK(group.List(&ids));
  return std::find(ids.begin(), ids.end(), pid) != ids.end();
}

// Those that have ended stay a little longer than they can be waited for.
bool RemoveSoon(ControlGroup* group) {
  for (int tries = 0; tries < 20'000; ++tries) {
    if (group->Remove()) return true;
    usleep(1'000);
  }
  return false;
}

TEST(TheGroupIsWhatTheLineOfVersionTwoSays) {
  char group[PATH_MAX];
  CHECK(ParseGroup("0::/\n", group, sizeof group) && strcmp(group, "/") == 0);
  CHECK(ParseGroup("8:pids:/a\n1:name=systemd:/b\n0::/user.slice/a b\n", group, sizeof group));
  CHECK(strcmp(group, "/user.slice/a b") == 0);
  CHECK(!ParseGroup("8:pids:/a\n", group, sizeof group));
  CHECK(!ParseGroup("", group, sizeof group));
  CHECK(!ParseGroup("0::/gone (deleted)\n", group, sizeof group));
  CHECK(!ParseGroup("0::/../beside\n", group, sizeof group));
  CHECK(!ParseGroup("0::/long\n", group, 4));
}

TEST(TheFolderIsFoundByTheMountsAndNeverGuessed) {
  char folder[PATH_MAX];
  const auto find = [&folder](const char* lines, const char* group) {
    return NextGroupFolder(&lines, group, folder, sizeof folder);
  };
  constexpr char kUnified[] =
      "30 1 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
  CHECK(find(kUnified, "/a.slice/b") && strcmp(folder, "/sys/fs/cgroup/a.slice/b") == 0);
  CHECK(find(kUnified, "/") && strcmp(folder, "/sys/fs/cgroup/") == 0);
  constexpr char kHybrid[] =
      "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  CHECK(find(kHybrid, "/x") && strcmp(folder, "/sys/fs/cgroup/unified/x") == 0);
  // A container's own part of the hierarchy is mounted, and it sees where that is.
  constexpr char kPart[] = "30 1 0:26 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
  CHECK(find(kPart, "/docker/1/a") && strcmp(folder, "/sys/fs/cgroup/a") == 0);
  CHECK(find(kPart, "/docker/1") && strcmp(folder, "/sys/fs/cgroup") == 0);
  CHECK(!find(kPart, "/docker/12"));
  CHECK(!find(kPart, "/"));
  CHECK(find("9 1 0:2 / /a\\040b\\134 rw master:1 - cgroup2 none rw", "/c"));
  CHECK(strcmp(folder, "/a b\\/c") == 0);
  // Names are anybody's to choose.
  CHECK(!find("9 1 0:2 / /cgroup2 rw - tmpfs cgroup2 rw\n", "/"));
  CHECK(!find("", "/"));
  CHECK(!find("cgroup2\n\n - cgroup2 \n", "/"));
}

TEST(WhatAMemberStartsIsKilledWithIt) {
  SKIP_IF(!HasGroups(), kNoGroups);
  const int descriptors = CountDescriptors();
  const OwnFolder folder;
  auto group = MakeGroup();
  CHECK(group != nullptr && folder.CountGroupsOf(getpid()) == 1);
  int orders[2];
  int answers[2];
  CHECK(pipe(orders) == 0 && pipe(answers) == 0);
  const pid_t parent = fork();
  if (parent == 0) {
    char order;
    if (read(orders[0], &order, 1) != 1) _exit(1);
    const pid_t child = fork();
    if (child == 0) setsid();
    if (child != 0 && write(answers[1], &child, sizeof child) < 0) _exit(1);
    alarm(60);
    while (true) pause();
  }
  CHECK(group->Admit(EntryOf(parent)) == Admission::kInside);
  CHECK(Contains(*group, parent));
  pid_t child = 0;
  CHECK(write(orders[1], "\n", 1) == 1 && read(answers[0], &child, sizeof child) == sizeof child);
  CHECK(Contains(*group, child));
  CHECK(!group->Remove());
  const uint64_t started_at = EntryOf(child).started_at;
  CHECK(group->IsSureOf(started_at) && !group->IsSureOf(EntryOf(1).started_at));
  group->Kill();
  CHECK(KillSignalOf(parent) == SIGKILL);
  CHECK(RemoveSoon(group.get()));
  ProcessEntry entry;
  CHECK(!ReadProcess(child, &entry) || !entry.alive);
  group.reset();
  CHECK(folder.CountGroupsOf(getpid()) == 0);
  for (const int descriptor : {orders[0], orders[1], answers[0], answers[1]}) close(descriptor);
  CHECK(CountDescriptors() == descriptors + 1);
}

TEST(NobodyElseIsTakenInAndNotOurselves) {
  SKIP_IF(!HasGroups(), kNoGroups);
  const auto group = MakeGroup();
  CHECK(group->Admit(EntryOf(getpid())) == Admission::kRefused);
  const pid_t child = StartSleeper();
  const ProcessEntry entry = EntryOf(child);
  ProcessEntry earlier = entry;
  --earlier.started_at;
  CHECK(group->Admit(earlier) == Admission::kGone);
  std::vector<int32_t> ids;
  CHECK(group->List(&ids) && ids.empty());
  kill(child, SIGKILL);
  KillSignalOf(child);
  CHECK(group->Admit(entry) == Admission::kGone);
  CHECK(group->IsSureOf(UINT64_MAX) && group->Remove());
}

TEST(WhoIsSentBackGoesToTheGroupOfItsParent) {
  SKIP_IF(!HasGroups(), kNoGroups);
  const OwnFolder folder;
  const auto group = MakeGroup();
  const pid_t own_child = StartSleeper();
  // Another group, with a parent and its child.
  char other[64];
  std::snprintf(other, sizeof other, "test-hardstop-%d", getpid());
  CHECK(mkdirat(folder.descriptor(), other, S_IRWXU) == 0);
  int answers[2];
  CHECK(pipe(answers) == 0);
  const pid_t parent = fork();
  if (parent == 0) {
    char path[96];
    std::snprintf(path, sizeof path, "%s/cgroup.procs", other);
    const int file = openat(folder.descriptor(), path, O_WRONLY);
    if (write(file, "0", 1) != 1) _exit(1);
    const pid_t child = fork();
    if (child != 0 && write(answers[1], &child, sizeof child) < 0) _exit(1);
    alarm(60);
    while (true) pause();
  }
  pid_t child = 0;
  CHECK(read(answers[0], &child, sizeof child) == sizeof child);
  CHECK(group->Admit(EntryOf(child)) == Admission::kInside);
  CHECK(group->Admit(EntryOf(own_child)) == Admission::kInside);
  group->Expel(EntryOf(child));
  group->Expel(EntryOf(own_child));
  std::vector<int32_t> ids;
  CHECK(group->List(&ids) && ids.empty());
  char path[64];
  char text[PATH_MAX] = "";
  std::snprintf(path, sizeof path, "/proc/%d/cgroup", child);
  const int file = open(path, O_RDONLY);
  CHECK(read(file, text, sizeof text - 1) > 0 && strstr(text, other) != nullptr);
  close(file);
  for (const pid_t pid : {child, parent, own_child}) kill(pid, SIGKILL);
  KillSignalOf(parent);
  KillSignalOf(own_child);
  for (int tries = 0; unlinkat(folder.descriptor(), other, AT_REMOVEDIR) != 0; ++tries) {
    CHECK(tries < 20'000);
    usleep(1'000);
  }
  close(answers[0]);
  close(answers[1]);
}

// A maker that was killed between making and removing.
TEST(AGroupWhoseMakerIsGoneIsRemovedByTheNextAndNoOther) {
  SKIP_IF(!HasGroups(), kNoGroups);
  const OwnFolder folder;
  int answers[2];
  CHECK(pipe(answers) == 0);
  const auto start_maker = [&answers] {
    const pid_t maker = fork();
    if (maker != 0) return maker;
    alarm(60);
    const ControlGroup* group = ControlGroup::Make();
    if (group == nullptr || write(answers[1], "\n", 1) != 1) _exit(1);
    while (true) pause();
  };
  const pid_t gone = start_maker();
  const pid_t lives = start_maker();
  char answer[1];
  for (int i = 0; i < 2; ++i) CHECK(read(answers[0], answer, 1) == 1);
  CHECK(folder.CountGroupsOf(gone) == 1 && folder.CountGroupsOf(lives) == 1);
  // Of another namespace of ids, where that one may live.
  char foreign[64];
  std::snprintf(foreign, sizeof foreign, "hardstop-1.%d.1.1", gone);
  CHECK(mkdirat(folder.descriptor(), foreign, S_IRWXU) == 0);
  kill(gone, SIGKILL);
  KillSignalOf(gone);
  CHECK(MakeGroup() != nullptr);
  CHECK(folder.CountGroupsOf(gone) == 1 && folder.CountGroupsOf(lives) == 1);
  CHECK(unlinkat(folder.descriptor(), foreign, AT_REMOVEDIR) == 0);
  kill(lives, SIGKILL);
  KillSignalOf(lives);
  CHECK(MakeGroup() != nullptr);
  CHECK(folder.CountGroupsOf(lives) == 0);
  close(answers[0]);
  close(answers[1]);
}

TEST(AGroupThatWasNotEmptyIsRemovedLater) {
  SKIP_IF(!HasGroups(), kNoGroups);
  const OwnFolder folder;
  auto group = MakeGroup();
  const pid_t child = StartSleeper();
  CHECK(group->Admit(EntryOf(child)) == Admission::kInside);
  group.reset();
  CHECK(folder.CountGroupsOf(getpid()) == 1);
  kill(child, SIGKILL);
  KillSignalOf(child);
  for (int tries = 0; tries < 20'000 && folder.CountGroupsOf(getpid()) > 0; ++tries) {
    CHECK(MakeGroup() != nullptr);
    usleep(1'000);
  }
  CHECK(folder.CountGroupsOf(getpid()) == 0);
}

TEST(WhereGroupsAreNotToBeHadNothingIsLeft) {
  const int descriptors = CountDescriptors();
  // sysfs permits no folders, not to root either.
  ControlGroup::UseFolder("/sys");
  CHECK(ControlGroup::Make() == nullptr && ControlGroup::Make() == nullptr);
  ControlGroup::UseFolder("/nowhere");
  CHECK(ControlGroup::Make() == nullptr);
  // Folders can be made, but the kernel knows nothing of them.
  char folder[] = "/tmp/hardstop-test-XXXXXX";
  CHECK(mkdtemp(folder) != nullptr);
  ControlGroup::UseFolder(folder);
  CHECK(ControlGroup::Make() == nullptr);
  CHECK(CountEntries(folder, "hardstop-") == 0 && rmdir(folder) == 0);
  ControlGroup::UseFolder(nullptr);
  CHECK(CountDescriptors() == descriptors);
}

TEST(WhoMayNotWriteToTheFolderMakesNone) {
  SKIP_IF(getuid() != 0, "not root: no other user to become");
  CHECK(RunInChild([] {
    constexpr uid_t kNobody = 65'534;
    CHECK(setgid(kNobody) == 0 && setuid(kNobody) == 0);
    CHECK(ControlGroup::Make() == nullptr);
  }));
}

}  // namespace

int main() { return hardstop::test::RunTests(); }

#else

int main() { return 0; }

#endif

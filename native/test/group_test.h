#ifndef HARDSTOP_NATIVE_TEST_GROUP_TEST_H_
#define HARDSTOP_NATIVE_TEST_GROUP_TEST_H_

// What tests with real control groups have in common.

#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "platform/linux/control_group.h"
#include "platform/linux/control_group_folder.h"
#include "test/check.h"

namespace hardstop::test {

constexpr char kNoGroups[] = "no control groups (version 2) that may be written to";

inline bool HasGroups() {
  return std::unique_ptr<platform::ControlGroup>(platform::ControlGroup::Make()) != nullptr;
}

inline int CountEntries(const char* folder, const char* prefix) {
  DIR* directory = opendir(folder);
  CHECK(directory != nullptr);
  int count = 0;
  while (const dirent* entry = readdir(directory)) {
    if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) ++count;
  }
  closedir(directory);
  return count;
}

inline int CountDescriptors() { return CountEntries("/proc/self/fd", ""); }

// The folder of the group that this process is in.
class OwnFolder {
 public:
  OwnFolder() : opened_(platform::OpenGroupFolder(getpid())) {
    std::snprintf(path_, sizeof path_, "/proc/self/fd/%d", opened_.get());
  }
  const char* path() const { return path_; }
  int descriptor() const { return opened_.get(); }
  int CountGroupsOf(pid_t maker) const {
    DIR* directory = opendir(path_);
    int count = 0;
    while (const dirent* entry = readdir(directory)) {
      long long name_space = 0;  // NOLINT(runtime/int)
      int pid = 0;
      if (sscanf(entry->d_name, "hardstop-%lld.%d.", &name_space, &pid) == 2 && pid == maker) {
        ++count;
      }
    }
    closedir(directory);
    return count;
  }

 private:
  platform::Descriptor opened_;
  char path_[40];
};

// Runs what may hang, or get out of hand, in a process of its own, to which orphans come; killed
// after a minute. Whether it has ended well.
template <typename Work>
bool RunInChild(Work work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    // They are reaped by the system.
    signal(SIGCHLD, SIG_IGN);
    work();
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace hardstop::test

#endif  // HARDSTOP_NATIVE_TEST_GROUP_TEST_H_

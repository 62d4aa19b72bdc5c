#include "platform/linux/control_group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "platform/linux/control_group_folder.h"
#include "platform/linux/pidfd.h"

namespace hardstop::platform {
namespace {

using Admission = ProcessContainer::Admission;

// The maker is in the name, so that the next one knows whether it is gone: its namespace of process
// ids, its id, when it was started, and a number of its own.
constexpr char kPrefix[] = "hardstop-";
constexpr char kNameFormat[] = "hardstop-%llu.%d.%llu.%u";

// All of it is the killer's thread's alone, and the tests'.
//
// The first refusal that will not change is remembered: no other tree has to find it out.
bool is_unavailable = false;
const char* folder_of_tests = nullptr;
uint32_t last_number = 0;
uint32_t made_count = 0;
// Numbers of those that were not empty when they were let go.
constexpr size_t kMostAbandoned = 16;
uint32_t abandoned[kMostAbandoned] = {};

constexpr int kMostTries = 16;

struct Maker {
  unsigned long long name_space = 0;  // NOLINT(runtime/int)
  int32_t pid = 0;
  unsigned long long started_at = 0;  // NOLINT(runtime/int)
};

Maker OwnMaker() {
  Maker maker;
  struct stat status;
  if (stat("/proc/self/ns/pid", &status) == 0) maker.name_space = status.st_ino;
  maker.pid = OwnProcessId();
  ProcessEntry self;
  if (ReadProcess(maker.pid, &self)) maker.started_at = self.started_at;
  return maker;
}

void FormatName(const Maker& maker, uint32_t number, char* name) {
  std::snprintf(name, ControlGroup::kLongestName + 1, kNameFormat, maker.name_space, maker.pid,
                maker.started_at, number);
}

// Whether it surely is: it may be somebody's whom this process may not see.
bool IsGone(const Maker& maker, const Maker& self) {
  if (maker.name_space != self.name_space) return false;
  if (kill(maker.pid, 0) != 0) return errno == ESRCH;
  ProcessEntry now;
  return ReadProcess(maker.pid, &now) && (now.started_at != maker.started_at || !now.alive);
}

bool RemoveFolder(int folder, const char* name) {
  return unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

// An attempt to remove one that is not empty does nothing.
void RemoveStale(int folder, const Maker& self) {
  const int descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* directory = descriptor < 0 ? nullptr : fdopendir(descriptor);
  if (directory == nullptr) {
    if (descriptor >= 0) close(descriptor);
    return;
  }
  while (const dirent* file = readdir(directory)) {
    Maker maker;
    unsigned number = 0;
    if (strncmp(file->d_name, kPrefix, strlen(kPrefix)) != 0) continue;
    if (sscanf(file->d_name, kNameFormat, &maker.name_space, &maker.pid, &maker.started_at,
               &number) == 4 &&
        maker.pid > 0 && IsGone(maker, self)) {
      RemoveFolder(folder, file->d_name);
    }
  }
  closedir(directory);
  char name[ControlGroup::kLongestName + 1];
  for (uint32_t& left : abandoned) {
    if (left == 0) continue;
    FormatName(self, left, name);
    if (RemoveFolder(folder, name)) left = 0;
  }
}

Descriptor OpenFolder() {
  if (folder_of_tests == nullptr) return OpenGroupFolder(OwnProcessId());
  return Descriptor(open(folder_of_tests, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Whether what has failed with this errno fails ever after.
bool IsLasting(int error) {
  return error == EACCES || error == EPERM || error == EROFS || error == EOPNOTSUPP;
}

bool LacksMeans(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

bool WriteId(int file, int32_t pid) {
  char text[16];
  const int length = std::snprintf(text, sizeof text, "%d", pid);
  return write(file, text, static_cast<size_t>(length)) == length;
}

bool HasEnded(const Descriptor& held) {
  pollfd look = {held.get(), POLLIN, 0};
  return poll(&look, 1, 0) != 0;
}

uint64_t NowInTicks() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  const auto tick = static_cast<uint64_t>(1'000'000'000 / sysconf(_SC_CLK_TCK));
  return (static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec)) /
         tick;
}

}  // namespace

ControlGroup::ControlGroup(Descriptor folder)
    : folder_(std::move(folder)), made_at_(NowInTicks()) {}

ControlGroup* ControlGroup::Make() {
  if (is_unavailable) return nullptr;
  Descriptor folder = OpenFolder();
  if (!folder.is_open()) {
    is_unavailable = !LacksMeans(errno);
    return nullptr;
  }
  auto* group = new (std::nothrow) ControlGroup(std::move(folder));
  if (group == nullptr || group->MakeFolder()) return group;
  delete group;
  return nullptr;
}

bool ControlGroup::MakeFolder() {
  const Maker self = OwnMaker();
  RemoveStale(folder_.get(), self);
  char name[kLongestName + 1];
  int result = 0;
  int tries = 0;
  // Another copy of this code in the process counts for itself.
  do {
    FormatName(self, ++last_number, name);
    // Nobody else has anything to look for in it.
    result = mkdirat(folder_.get(), name, S_IRWXU);
  } while (result != 0 && errno == EEXIST && ++tries < kMostTries);
  if (result != 0) {
    is_unavailable = IsLasting(errno);
    return false;
  }
  memcpy(name_, name, sizeof name_);
  if (!OpenFiles()) return false;
  ++made_count;
  return true;
}

bool ControlGroup::OpenFiles() {
  char path[kLongestName + 20];
  std::snprintf(path, sizeof path, "%s/cgroup.procs", name_);
  processes_ = Descriptor(openat(folder_.get(), path, O_WRONLY | O_CLOEXEC));
  std::snprintf(path, sizeof path, "%s/cgroup.kill", name_);
  if (processes_.is_open()) kill_ = Descriptor(openat(folder_.get(), path, O_WRONLY | O_CLOEXEC));
  if (kill_.is_open()) return true;
  // Before Linux 5.14 there is no such file.
  is_unavailable = !LacksMeans(errno);
  return false;
}

ControlGroup::~ControlGroup() {
  if (Remove()) return;
  // Somebody is stuck in it.
  for (uint32_t& left : abandoned) {
    if (left != 0) continue;
    left = static_cast<uint32_t>(strtoul(strrchr(name_, '.') + 1, nullptr, 10));
    return;
  }
}

// The kernel takes an id, which by then may have come to mean another process. So it is held by a
// pidfd and compared first, as for a signal, and the pidfd is looked at again afterwards: an id is
// not given anew before who has it was reaped, so if that has not even ended, the id was its own
// when it was written. Else another one may have been moved: that is moved back at once, and who
// was started in the group since then is one of ours only if it is known from elsewhere.
Admission ControlGroup::Admit(const ProcessEntry& process) {
  if (process.pid == OwnProcessId()) return Admission::kRefused;
  const Descriptor held = OpenPidfd(process.pid);
  if (!held.is_open()) return errno == ESRCH ? Admission::kGone : Admission::kRefused;
  ProcessEntry now;
  if (!ReadProcess(process.pid, &now) || !now.IsSameAs(process) || !now.alive) {
    return Admission::kGone;
  }
  if (!WriteId(processes_.get(), process.pid)) {
    const int error = errno;
    // A group with threads here and there takes no whole processes below it.
    if (error == EOPNOTSUPP) is_unavailable = true;
    return error == ESRCH ? Admission::kGone : Admission::kRefused;
  }
  if (!HasEnded(held)) return Admission::kInside;
  const bool is_there = ReadProcess(process.pid, &now);
  if (is_there && now.IsSameAs(process)) return Admission::kGone;
  is_doubtful_ = true;
  if (is_there) Expel(now);
  return Admission::kGone;
}

bool ControlGroup::List(std::vector<int32_t>* ids) const {
  char path[kLongestName + 20];
  std::snprintf(path, sizeof path, "%s/cgroup.procs", name_);
  const Descriptor file(openat(folder_.get(), path, O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return false;
  ids->clear();
  char text[4096];
  int32_t id = 0;
  ssize_t length = 0;
  // An id may be cut in two at the end of a piece.
  while ((length = read(file.get(), text, sizeof text)) > 0) {
    for (ssize_t i = 0; i < length; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        id = id * 10 + (text[i] - '0');
      } else {
        ids->push_back(id);
        id = 0;
      }
    }
  }
  return length == 0;
}

void ControlGroup::Expel(const ProcessEntry& process) const {
  // It was started there, if it was not moved by others as well.
  const Descriptor folder = OpenGroupFolder(process.parent);
  ProcessEntry now;
  const auto move = [&](int place) {
    const Descriptor file(openat(place, "cgroup.procs", O_WRONLY | O_CLOEXEC));
    return file.is_open() && ReadProcess(process.pid, &now) && now.IsSameAs(process) &&
           WriteId(file.get(), process.pid);
  };
  if (folder.is_open() && move(folder.get())) return;
  move(folder_.get());
}

void ControlGroup::Kill() const {
  const ssize_t written = write(kill_.get(), "1", 1);
  // Removed meanwhile by others: then nobody is in it.
  (void)written;
}

bool ControlGroup::Remove() {
  if (name_[0] == '\0') return true;
  if (!RemoveFolder(folder_.get(), name_)) return false;
  name_[0] = '\0';
  return true;
}

void ControlGroup::UseFolder(const char* path) {
  folder_of_tests = path;
  is_unavailable = false;
}

uint32_t ControlGroup::made() { return made_count; }

}  // namespace hardstop::platform

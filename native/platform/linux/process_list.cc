#include "platform/process_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace hardstop::platform {
namespace {

// Fields of /proc/PID/stat after the name, counted from 0 (proc(5) counts from 3).
constexpr int kState = 0;
constexpr int kParent = 1;
constexpr int kGroup = 2;
constexpr int kSession = 3;
constexpr int kThreads = 17;
constexpr int kStartedAt = 19;
constexpr int kMemory = 20;

// The C library's limit for arguments and environment together by default, and some more.
constexpr size_t kLargestEnvironment = 4 * 1024 * 1024;

// Ids given while the list is made, threads' included.
constexpr int32_t kMostLatest = 256;
// How often those are looked at.
constexpr int kMostTries = 8;

// After a file could not be read: whether it may be there, but no descriptors are left, or no
// memory.
bool LacksMeans() { return errno == EMFILE || errno == ENFILE || errno == ENOMEM; }

// A short file, which comes in one piece. -1: gone, not permitted, or no means.
ssize_t ReadShortFile(const char* path, char* bytes, size_t room) {
  errno = 0;
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return -1;
  const ssize_t length = read(descriptor, bytes, room);
  close(descriptor);
  return length;
}

// Reads as much of a file as there is room for. -1: as above.
ssize_t ReadFile(const char* path, char* bytes, size_t room) {
  errno = 0;
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return -1;
  size_t length = 0;
  ssize_t piece = 0;
  // Larger files come in pieces of a page.
  do {
    piece = read(descriptor, bytes + length, room - length);
    if (piece > 0) length += static_cast<size_t>(piece);
  } while (piece > 0 && length < room);
  close(descriptor);
  return piece < 0 ? -1 : static_cast<ssize_t>(length);
}

bool ParseStat(char* line, ProcessEntry* entry) {
  // The name before the last parenthesis may hold anything, parentheses included.
  char* end_of_name = strrchr(line, ')');
  if (end_of_name == nullptr || end_of_name[1] != ' ') return false;
  const char* at = end_of_name + 2;
  const char state = *at;
  long long fields[kMemory + 1] = {};  // NOLINT(runtime/int)
  for (int field = kState + 1; field <= kMemory; ++field) {
    at = strchr(at, ' ');
    if (at == nullptr) return false;
    ++at;
    fields[field] = strtoll(at, nullptr, 10);
  }
  entry->parent = static_cast<int32_t>(fields[kParent]);
  entry->group = static_cast<int32_t>(fields[kGroup]);
  entry->session = static_cast<int32_t>(fields[kSession]);
  entry->started_at = static_cast<uint64_t>(fields[kStartedAt]);
  const bool ended = state == 'Z' || state == 'X' || state == 'x';
  entry->is_stopped = state == 'T' || state == 't';
  // The first thread of a process may have ended before the others.
  entry->alive = !ended || fields[kThreads] > 1;
  entry->is_program = fields[kMemory] > 0;
  return true;
}

// The id that the system gave last; 0: it does not tell. Ids are given in turn.
int32_t LastId() {
  char line[128];
  const int descriptor = open("/proc/loadavg", O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return 0;
  struct statfs system;
  // Some containers (lxcfs) have a file of their own in its place, whose id is seconds old.
  const bool is_kernels = fstatfs(descriptor, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
  const ssize_t length = is_kernels ? read(descriptor, line, sizeof line - 1) : 0;
  close(descriptor);
  if (length <= 0) return 0;
  line[length] = '\0';
  const char* last = strrchr(line, ' ');
  return last == nullptr ? 0 : static_cast<int32_t>(strtol(last, nullptr, 10));
}

// An id may be a thread's, which the folder does not list but has.
bool IsThread(int32_t id) {
  char path[40];
  char text[512];
  std::snprintf(path, sizeof path, "/proc/%d/status", id);
  const ssize_t length = ReadShortFile(path, text, sizeof text - 1);
  if (length <= 0) return false;
  text[length] = '\0';
  const char* process = strstr(text, "\nTgid:");
  return process == nullptr || strtol(process + 6, nullptr, 10) != id;
}

// The folder lists all that were there before and are there still, but those that were started
// meanwhile only if their ids were still to come. False: there are too many to look at them.
bool AddLatest(int32_t last_before, int32_t last, std::vector<ProcessEntry>* entries) {
  if (last_before <= 0 || last < last_before || last - last_before > kMostLatest) return false;
  for (int32_t id = last_before + 1; id <= last; ++id) {
    const bool is_listed = std::any_of(entries->begin(), entries->end(),
                                       [id](const ProcessEntry& entry) { return entry.pid == id; });
    ProcessEntry entry;
    if (is_listed) continue;
    const bool is_there = ReadProcess(id, &entry);
    if (!is_there && LacksMeans()) return false;
    if (is_there && !IsThread(id)) entries->push_back(entry);
  }
  return true;
}

// The processes of an earlier list whose ids cannot have come to mean others since, as ids are
// given in turn: those that were given since are not among them, nor those that may be given while
// a list is made that is to be whole.
class KnownProcesses {
 public:
  KnownProcesses(const ProcessList& earlier, int32_t last)
      : entries_(earlier.entries), first_(earlier.last_id + 1), end_(last + kMostLatest) {
    is_usable_ = earlier.is_whole && last >= earlier.last_id;
  }

  const ProcessEntry* Find(int32_t pid) const {
    if (!is_usable_ || (pid >= first_ && pid <= end_)) return nullptr;
    const auto found =
        std::lower_bound(entries_.begin(), entries_.end(), pid,
                         [](const ProcessEntry& entry, int32_t id) { return entry.pid < id; });
    return found == entries_.end() || found->pid != pid ? nullptr : &*found;
  }

 private:
  const std::vector<ProcessEntry>& entries_;
  const int32_t first_;
  const int32_t end_;
  bool is_usable_;
};

const char* FindVariable(const char* begin, const char* end, const char* name) {
  const size_t name_length = strlen(name);
  for (const char* entry = begin; entry < end; entry += strlen(entry) + 1) {
    if (strncmp(entry, name, name_length) == 0 && entry[name_length] == '=') {
      return entry + name_length + 1;
    }
  }
  return nullptr;
}

}  // namespace

bool CanListProcesses() {
  // A /proc of another process namespace would speak of other processes.
  char target[16];
  const ssize_t length = readlink("/proc/self", target, sizeof target - 1);
  if (length <= 0) return false;
  target[length] = '\0';
  return strtol(target, nullptr, 10) == getpid();
}

bool ListProcesses(const ProcessList& earlier, ProcessList* list) {
  list->entries.clear();
  list->is_whole = false;
  list->last_id = 0;
  const int32_t last_before = LastId();
  const KnownProcesses known(earlier, last_before);
  DIR* directory = opendir("/proc");
  if (directory == nullptr) return false;
  bool has_means = true;
  while (const dirent* file = readdir(directory)) {
    if (file->d_name[0] < '1' || file->d_name[0] > '9') continue;
    const auto pid = static_cast<int32_t>(strtol(file->d_name, nullptr, 10));
    const ProcessEntry* before = known.Find(pid);
    ProcessEntry entry;
    if (before != nullptr) {
      list->entries.push_back(*before);
    } else if (ReadProcess(pid, &entry)) {
      list->entries.push_back(entry);
    } else if (LacksMeans()) {
      has_means = false;
    }
  }
  closedir(directory);
  if (!has_means) return false;
  // One that was gone already when it was looked at may have started another just before: again
  // until nobody is started meanwhile.
  int32_t looked_at = last_before;
  list->last_id = LastId();
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (list->last_id - last_before > kMostLatest) break;
    if (!AddLatest(looked_at, list->last_id, &list->entries)) break;
    looked_at = list->last_id;
    list->last_id = LastId();
    list->is_whole = list->last_id == looked_at;
    if (list->is_whole) break;
  }
  return true;
}

bool ReadProcess(int32_t pid, ProcessEntry* entry) {
  char line[1024];  // some 330 bytes are in use, 64 of them the name at most
  char path[40];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const ssize_t length = ReadShortFile(path, line, sizeof line - 1);
  if (length <= 0) return false;
  line[length] = '\0';
  entry->pid = pid;
  return ParseStat(line, entry);
}

const char* ReadEnvironmentVariable(int32_t pid, const char* name, std::vector<char>* buffer,
                                    bool* is_unknown) {
  char path[40];
  std::snprintf(path, sizeof path, "/proc/%d/environ", pid);
  if (buffer->empty()) buffer->resize(size_t{16} * 1024);
  ssize_t length = ReadFile(path, buffer->data(), buffer->size() - 1);
  while (length == static_cast<ssize_t>(buffer->size() - 1) &&
         buffer->size() < kLargestEnvironment) {
    buffer->resize(buffer->size() * 4);
    length = ReadFile(path, buffer->data(), buffer->size() - 1);
  }
  *is_unknown = length == 0 || (length < 0 && LacksMeans());
  if (length <= 0) return nullptr;
  (*buffer)[static_cast<size_t>(length)] = '\0';
  return FindVariable(buffer->data(), buffer->data() + length, name);
}

int32_t OwnProcessId() { return getpid(); }

}  // namespace hardstop::platform

#include "platform/process_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

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

// The C library's limit for arguments and environment together by default, and some more.
constexpr size_t kLargestEnvironment = 4 * 1024 * 1024;

// Reads as much of a file of a process as there is room for. -1: gone, or not permitted.
ssize_t ReadFile(int32_t pid, const char* file, char* bytes, size_t room) {
  char path[40];
  std::snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
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
  long long fields[kStartedAt + 1] = {};  // NOLINT(runtime/int)
  for (int field = kState + 1; field <= kStartedAt; ++field) {
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
  // The first thread of a process may have ended before the others.
  entry->alive = !ended || fields[kThreads] > 1;
  return true;
}

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

bool ListProcesses(std::vector<ProcessEntry>* entries) {
  entries->clear();
  DIR* directory = opendir("/proc");
  if (directory == nullptr) return false;
  while (const dirent* file = readdir(directory)) {
    if (file->d_name[0] < '1' || file->d_name[0] > '9') continue;
    ProcessEntry entry;
    if (ReadProcess(static_cast<int32_t>(strtol(file->d_name, nullptr, 10)), &entry)) {
      entries->push_back(entry);
    }
  }
  closedir(directory);
  return true;
}

bool ReadProcess(int32_t pid, ProcessEntry* entry) {
  char line[1024];  // some 330 bytes are in use, 64 of them the name at most
  const ssize_t length = ReadFile(pid, "stat", line, sizeof line - 1);
  if (length <= 0) return false;
  line[length] = '\0';
  entry->pid = pid;
  return ParseStat(line, entry);
}

const char* ReadEnvironmentVariable(int32_t pid, const char* name, std::vector<char>* buffer) {
  if (buffer->empty()) buffer->resize(size_t{16} * 1024);
  ssize_t length = ReadFile(pid, "environ", buffer->data(), buffer->size() - 1);
  while (length == static_cast<ssize_t>(buffer->size() - 1) &&
         buffer->size() < kLargestEnvironment) {
    buffer->resize(buffer->size() * 4);
    length = ReadFile(pid, "environ", buffer->data(), buffer->size() - 1);
  }
  if (length <= 0) return nullptr;
  (*buffer)[static_cast<size_t>(length)] = '\0';
  return FindVariable(buffer->data(), buffer->data() + length, name);
}

int32_t OwnProcessId() { return getpid(); }

}  // namespace hardstop::platform

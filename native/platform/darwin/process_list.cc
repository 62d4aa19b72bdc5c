#include "platform/process_list.h"

#include <libproc.h>
#include <sys/proc.h>
#include <sys/proc_info.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include <cstring>

namespace hardstop::platform {
namespace {

// Asks for processes that have ended and were not reaped yet as well.
constexpr uint64_t kWithZombies = 1;

// KERN_PROCARGS2 gives the number of the arguments, the path, zeros, the arguments and then the
// environment. Returns where that begins, or `end`.
const char* SkipToEnvironment(const char* begin, const char* end) {
  int arguments = 0;
  if (end - begin < static_cast<std::ptrdiff_t>(sizeof arguments)) return end;
  memcpy(&arguments, begin, sizeof arguments);
  const char* at = begin + sizeof arguments;
  at += strnlen(at, static_cast<size_t>(end - at));
  while (at < end && *at == '\0') ++at;
  for (; arguments > 0 && at < end; --arguments) {
    at += strnlen(at, static_cast<size_t>(end - at)) + 1;
  }
  return at < end ? at : end;
}

}  // namespace

bool CanListProcesses() { return true; }

bool ListProcesses(const ProcessList& /*earlier*/, ProcessList* list) {
  *list = ProcessList();
  const int expected = proc_listallpids(nullptr, 0);
  if (expected <= 0) return false;
  // Some may be started in between.
  std::vector<pid_t> ids(static_cast<size_t>(expected) + 64);
  const int count = proc_listallpids(ids.data(), static_cast<int>(ids.size() * sizeof(pid_t)));
  for (int i = 0; i < count; ++i) {
    ProcessEntry entry;
    if (ids[static_cast<size_t>(i)] > 0 && ReadProcess(ids[static_cast<size_t>(i)], &entry)) {
      list->entries.push_back(entry);
    }
  }
  return count > 0;
}

bool ReadProcess(int32_t pid, ProcessEntry* entry) {
  proc_bsdinfo info;
  if (proc_pidinfo(pid, PROC_PIDTBSDINFO, kWithZombies, &info, sizeof info) != sizeof info) {
    return false;
  }
  const pid_t session = getsid(pid);
  entry->pid = pid;
  entry->parent = static_cast<int32_t>(info.pbi_ppid);
  entry->group = static_cast<int32_t>(info.pbi_pgid);
  entry->session = session > 0 ? session : 0;
  entry->started_at = info.pbi_start_tvsec * 1'000'000 + info.pbi_start_tvusec;
  entry->alive = info.pbi_status != SZOMB;
  entry->is_stopped = info.pbi_status == SSTOP;
  return true;
}

// The system hides the environment of its own programs; what those start is found by its parent,
// group or session.
const char* ReadEnvironmentVariable(int32_t pid, const char* name, std::vector<char>* buffer,
                                    bool* is_unknown) {
  *is_unknown = false;
  int query[] = {CTL_KERN, KERN_PROCARGS2, pid};
  size_t length = 0;
  if (sysctl(query, 3, nullptr, &length, nullptr, 0) != 0 || length == 0) return nullptr;
  if (buffer->size() < length + 1) buffer->resize(length + 1);
  length = buffer->size() - 1;
  if (sysctl(query, 3, buffer->data(), &length, nullptr, 0) != 0) return nullptr;
  (*buffer)[length] = '\0';
  const char* end = buffer->data() + length;
  const size_t name_length = strlen(name);
  for (const char* entry = SkipToEnvironment(buffer->data(), end); entry < end && *entry != '\0';
       entry += strlen(entry) + 1) {
    if (strncmp(entry, name, name_length) == 0 && entry[name_length] == '=') {
      return entry + name_length + 1;
    }
  }
  return nullptr;
}

int32_t OwnProcessId() { return getpid(); }

}  // namespace hardstop::platform

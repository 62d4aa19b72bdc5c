#include "platform/process_list.h"

#include <windows.h>

// After windows.h, which it needs.
#include <tlhelp32.h>

namespace hardstop::platform {
namespace {

// As Node's own process.kill() has it.
constexpr UINT kExitCode = 1;

// A process that cannot come to be another one while this exists.
class OpenedProcess {
 public:
  OpenedProcess(int32_t pid, DWORD access)
      : handle_(OpenProcess(access | PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE,
                            static_cast<DWORD>(pid))) {}
  OpenedProcess(const OpenedProcess&) = delete;
  OpenedProcess& operator=(const OpenedProcess&) = delete;
  ~OpenedProcess() {
    if (handle_ != nullptr) CloseHandle(handle_);
  }

  bool IsOpen() const { return handle_ != nullptr; }
  bool Read(ProcessEntry* entry) const {
    FILETIME created, exited, kernel, user;
    if (!IsOpen() || !GetProcessTimes(handle_, &created, &exited, &kernel, &user)) return false;
    entry->started_at = (uint64_t{created.dwHighDateTime} << 32) | created.dwLowDateTime;
    entry->alive = WaitForSingleObject(handle_, 0) == WAIT_TIMEOUT;
    return true;
  }
  bool Terminate() const { return TerminateProcess(handle_, kExitCode) != FALSE; }

 private:
  HANDLE const handle_;
};

}  // namespace

bool CanListProcesses() { return true; }

bool ListProcesses(const ProcessList& /*earlier*/, ProcessList* list) {
  *list = ProcessList();
  const HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
  if (snapshot == INVALID_HANDLE_VALUE) return false;
  PROCESSENTRY32W listed;
  listed.dwSize = sizeof listed;
  for (BOOL more = Process32FirstW(snapshot, &listed); more;
       more = Process32NextW(snapshot, &listed)) {
    ProcessEntry entry;
    // What cannot be opened belongs to the system or to others.
    if (listed.th32ProcessID == 0 ||
        !ReadProcess(static_cast<int32_t>(listed.th32ProcessID), &entry)) {
      continue;
    }
    entry.parent = static_cast<int32_t>(listed.th32ParentProcessID);
    list->entries.push_back(entry);
  }
  CloseHandle(snapshot);
  return true;
}

// Without the parent, which only the list has.
bool ReadProcess(int32_t pid, ProcessEntry* entry) {
  entry->pid = pid;
  return OpenedProcess(pid, 0).Read(entry);
}

// Would have to be read from the other's memory. A job is what finds orphans here.
const char* ReadEnvironmentVariable(int32_t /*pid*/, const char* /*name*/,
                                    std::vector<char>* /*buffer*/, bool* is_unknown) {
  *is_unknown = false;
  return nullptr;
}

int32_t OwnProcessId() { return static_cast<int32_t>(GetCurrentProcessId()); }

// There is nothing that asks a process of any kind to end.
SendResult AskToEnd(const ProcessEntry& /*process*/, int /*signal*/, bool /*wake*/) {
  return SendResult::kGone;
}

SendResult Freeze(const ProcessEntry& /*process*/) { return SendResult::kGone; }

ProcessHold::ProcessHold(const ProcessEntry& /*process*/) {}

ProcessHold::~ProcessHold() = default;

bool IsAlive(const ProcessEntry& process, const ProcessHold& /*hold*/) {
  ProcessEntry now;
  return ReadProcess(process.pid, &now) && now.IsSameAs(process) && now.alive;
}

SendResult Kill(const ProcessEntry& process, const ProcessHold& /*hold*/) {
  const OpenedProcess opened(process.pid, PROCESS_TERMINATE);
  // No permission, or gone.
  if (!opened.IsOpen()) {
    return GetLastError() == ERROR_ACCESS_DENIED ? SendResult::kRefused : SendResult::kGone;
  }
  ProcessEntry now;
  now.pid = process.pid;
  if (!opened.Read(&now) || !now.IsSameAs(process) || !now.alive) return SendResult::kGone;
  return opened.Terminate() ? SendResult::kSent : SendResult::kRefused;
}

void KillGroup(int32_t /*group*/) {}

}  // namespace hardstop::platform

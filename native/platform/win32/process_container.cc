#include "platform/process_container.h"

#include <windows.h>

#include <cstddef>

namespace hardstop::platform {
namespace {

constexpr std::size_t kLongestName = 127;
// As Node's own process.kill() has it.
constexpr UINT kExitCode = 1;

void SetKillOnClose(HANDLE job, bool kill) {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  if (kill) limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
}

bool Assign(HANDLE job, int32_t pid) {
  const HANDLE process =
      OpenProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE,
                  static_cast<DWORD>(pid));
  if (process == nullptr) return false;
  BOOL is_in = FALSE;
  const bool assigned = (IsProcessInJob(process, job, &is_in) && is_in) ||
                        AssignProcessToJobObject(job, process) != FALSE;
  CloseHandle(process);
  return assigned;
}

}  // namespace

void ProcessContainer::Adopt(int32_t pid, const char* name) {
  // By name: the process that is adopted again, for the next piece of work, stays in the job that
  // it is in. Each new one would be nested in the one before, and jobs last as long as what is in
  // them.
  constexpr wchar_t kPrefix[] = L"Local\\hardstop-";
  wchar_t wide[kLongestName + 1] = {};
  std::size_t length = 0;
  for (const wchar_t* from = kPrefix; *from != L'\0'; ++from) wide[length++] = *from;
  for (; *name != '\0' && length < kLongestName; ++name) {
    wide[length++] = static_cast<unsigned char>(*name);
  }
  const HANDLE job = CreateJobObjectW(nullptr, wide);
  if (job == nullptr) return;
  if (!Assign(job, pid)) {
    CloseHandle(job);
    return;
  }
  SetKillOnClose(job, true);
  job_ = reinterpret_cast<uintptr_t>(job);
}

// Whoever belongs to the tree is in the job from its start.
ProcessContainer::Admission ProcessContainer::Admit(const ProcessEntry& /*process*/) {
  return Admission::kRefused;
}
bool ProcessContainer::List(std::vector<ProcessEntry>* /*processes*/) const { return false; }
void ProcessContainer::Expel(const ProcessEntry& /*process*/) {}
bool ProcessContainer::IsSureOf(uint64_t /*started_at*/) const { return false; }
bool ProcessContainer::Close() { return true; }

void ProcessContainer::Kill() {
  if (job_ != 0) TerminateJobObject(reinterpret_cast<HANDLE>(job_), kExitCode);
}

void ProcessContainer::Release() {
  if (job_ == 0) return;
  const HANDLE job = reinterpret_cast<HANDLE>(job_);
  job_ = 0;
  SetKillOnClose(job, false);
  CloseHandle(job);
}

}  // namespace hardstop::platform

#include <windows.h>

#include "platform/thread_handle.h"

namespace hardstop::platform {
namespace {

std::int64_t HundredNanoseconds(const FILETIME& time) noexcept {
  ULARGE_INTEGER value;
  value.LowPart = time.dwLowDateTime;
  value.HighPart = time.dwHighDateTime;
  return static_cast<std::int64_t>(value.QuadPart);
}

}  // namespace

// In steps of the scheduler's tick (15.6 ms as a rule). QueryThreadCycleTime is exact, but counts
// cycles, and nothing in the system says how long one lasts on the processor (or processors) that
// the thread has run on.
Nanoseconds ThreadHandle::CpuTime(Nanoseconds if_gone) const noexcept {
  if (native_id_ == 0) return if_gone;
  const HANDLE thread =
      OpenThread(THREAD_QUERY_LIMITED_INFORMATION, FALSE, static_cast<DWORD>(native_id_));
  if (thread == nullptr) return if_gone;
  FILETIME created, exited, kernel, user;
  const BOOL known = GetThreadTimes(thread, &created, &exited, &kernel, &user);
  CloseHandle(thread);
  if (!known) return if_gone;
  return Nanoseconds((HundredNanoseconds(kernel) + HundredNanoseconds(user)) * 100);
}

}  // namespace hardstop::platform

#include "platform/sleeper.h"

#include <windows.h>

namespace hardstop::platform {
namespace {

// Since Windows 10 1803; the headers of some tool chains do not know it.
constexpr DWORD kHighResolution = 0x00000002;  // CREATE_WAITABLE_TIMER_HIGH_RESOLUTION

// How long the thread naps while the system has no handle for it: then nobody can wake it.
constexpr DWORD kNapMilliseconds = 1;

// With the flag the timer is good to about half a millisecond whatever the system's timer
// resolution is; without it, on older systems, to one tick (15.6 ms unless some program asked for
// less).
HANDLE CreateTimer() noexcept {
  const HANDLE timer =
      CreateWaitableTimerExW(nullptr, nullptr, kHighResolution, TIMER_MODIFY_STATE | SYNCHRONIZE);
  if (timer != nullptr) return timer;
  return CreateWaitableTimerExW(nullptr, nullptr, 0, TIMER_MODIFY_STATE | SYNCHRONIZE);
}

HANDLE AsHandle(std::uintptr_t value) noexcept { return reinterpret_cast<HANDLE>(value); }

std::uintptr_t AsValue(HANDLE handle) noexcept { return reinterpret_cast<std::uintptr_t>(handle); }

}  // namespace

void Sleeper::SleepUntil(std::uint32_t ticket, Instant deadline) noexcept {
  // Only this thread writes the two handles: it needs no order to read them back.
  std::uintptr_t event = wake_handle_.load(std::memory_order_relaxed);
  if (event == 0) {
    event = AsValue(CreateEventW(nullptr, FALSE /* resets itself */, FALSE, nullptr));
    // Sequentially consistent, as the three other accesses marked so: either this thread sees the
    // new generation below, or Wake() sees the handle.
    wake_handle_.store(event, std::memory_order_seq_cst);
  }
  if (timer_handle_ == 0) timer_handle_ = AsValue(CreateTimer());
  if (generation_.load(std::memory_order_seq_cst) != ticket) return;

  if (deadline == Instant::max()) {
    if (event == 0 || WaitForSingleObject(AsHandle(event), INFINITE) == WAIT_FAILED) {
      Sleep(kNapMilliseconds);
    }
    return;
  }

  // Relative, because an absolute time here is one of the wall clock, which users set. In units
  // of 100 ns, rounded up; negative means relative.
  const Instant now = MonotonicClock::now();
  if (deadline <= now) return;
  const std::int64_t left = (deadline - now).count();
  LARGE_INTEGER due;
  due.QuadPart = -(left / 100 + (left % 100 != 0 ? 1 : 0));
  const HANDLE timer = AsHandle(timer_handle_);
  if (event == 0 || timer == nullptr ||
      !SetWaitableTimer(timer, &due, 0, nullptr, nullptr, FALSE)) {
    Sleep(kNapMilliseconds);
    return;
  }
  const HANDLE handles[] = {AsHandle(event), timer};
  WaitForMultipleObjects(2, handles, FALSE, INFINITE);
}

void Sleeper::Wake() noexcept {
  generation_.fetch_add(1, std::memory_order_seq_cst);
  const std::uintptr_t event = wake_handle_.load(std::memory_order_seq_cst);
  if (event == 0) return;
  // Like `errno` elsewhere: the caller's last error is not ours to change.
  const DWORD saved_error = GetLastError();
  SetEvent(AsHandle(event));
  SetLastError(saved_error);
}

}  // namespace hardstop::platform

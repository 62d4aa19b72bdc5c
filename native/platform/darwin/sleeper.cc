#include "platform/sleeper.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/event.h>
#include <unistd.h>

#include "platform/darwin/mach_ticks.h"

namespace hardstop::platform {
namespace {

// A kqueue, because it is the one wait of this system that has everything: an absolute deadline
// on the very clock that MonotonicClock reads (NOTE_MACH_CONTINUOUS_TIME), no coalescing with
// other timers (NOTE_CRITICAL), and a wake-up from any thread (EVFILT_USER). mach_wait_until
// cannot be woken; pthread_cond_timedwait goes by the wall clock, its _relative_np form starts
// counting only when it is called, and both are coalesced.

constexpr std::uintptr_t kWakeIdent = 1;
constexpr std::uintptr_t kTimerIdent = 2;

// How long the thread naps at most while the process has no descriptor left for a kqueue: then
// nobody can wake it, so it must look by itself.
constexpr std::int64_t kNapNanoseconds = 1'000'000;

// `wake_handle_` holds the descriptor plus one: zero must mean none, and zero is a descriptor.
int Descriptor(std::uintptr_t handle) noexcept { return static_cast<int>(handle) - 1; }

std::uintptr_t OpenQueue() noexcept {
  const int queue = kqueue();  // not inherited by child processes, by definition of kqueue
  if (queue < 0) return 0;
  fcntl(queue, F_SETFD, FD_CLOEXEC);
  struct kevent64_s wake;
  EV_SET64(&wake, kWakeIdent, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, 0, 0, 0);
  if (kevent64(queue, &wake, 1, nullptr, 0, 0, nullptr) != 0) {
    close(queue);
    return 0;
  }
  return static_cast<std::uintptr_t>(queue) + 1;
}

}  // namespace

void Sleeper::SleepUntil(std::uint32_t ticket, Instant deadline) noexcept {
  // Only this thread writes the handle: it needs no order to read it back.
  std::uintptr_t handle = wake_handle_.load(std::memory_order_relaxed);
  if (handle == 0) {
    handle = OpenQueue();
    // Sequentially consistent, as the three other accesses marked so: either this thread sees the
    // new generation below, or Wake() sees the handle.
    wake_handle_.store(handle, std::memory_order_seq_cst);
  }
  if (generation_.load(std::memory_order_seq_cst) != ticket) return;

  if (handle == 0) {
    const Instant now = MonotonicClock::now();
    if (deadline <= now) return;
    const std::int64_t left = (deadline - now).count();
    const std::int64_t nap = left < kNapNanoseconds ? left : kNapNanoseconds;
    mach_wait_until(mach_absolute_time() + TicksFromNanoseconds(nap));
    return;
  }

  // Adding a timer that exists moves it. "For ever" deletes the one that is left from before, if
  // there is one; the error when there is none comes back as an event of its own, hence
  // EV_RECEIPT and no look at it.
  struct kevent64_s timer, receipt, event;
  if (deadline == Instant::max()) {
    EV_SET64(&timer, kTimerIdent, EVFILT_TIMER, EV_DELETE | EV_RECEIPT, 0, 0, 0, 0, 0);
  } else {
    const std::uint64_t ticks = TicksFromNanoseconds(deadline.time_since_epoch().count());
    EV_SET64(&timer, kTimerIdent, EVFILT_TIMER, EV_ADD | EV_ONESHOT | EV_RECEIPT,
             NOTE_MACHTIME | NOTE_MACH_CONTINUOUS_TIME | NOTE_ABSOLUTE | NOTE_CRITICAL, ticks, 0, 0,
             0);
  }
  // A wake-up between the look at the generation and here stays triggered in the queue: the wait
  // returns at once.
  kevent64(Descriptor(handle), &timer, 1, &receipt, 1, 0, nullptr);
  kevent64(Descriptor(handle), nullptr, 0, &event, 1, 0, nullptr);
}

void Sleeper::Wake() noexcept {
  const int saved_errno = errno;
  generation_.fetch_add(1, std::memory_order_seq_cst);
  const std::uintptr_t handle = wake_handle_.load(std::memory_order_seq_cst);
  if (handle != 0) {
    struct kevent64_s wake;
    EV_SET64(&wake, kWakeIdent, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0, 0, 0);
    kevent64(Descriptor(handle), &wake, 1, nullptr, 0, 0, nullptr);
  }
  errno = saved_errno;
}

}  // namespace hardstop::platform

#include "platform/end_sleeper.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "platform/process_list.h"

namespace hardstop::platform {

// Not always by poll(): it may be late by a thousandth of the time, which a futex is not.

namespace {

timespec Until(Instant deadline) {
  const std::int64_t left = (deadline - MonotonicClock::now()).count();
  const std::int64_t nanoseconds = std::max<std::int64_t>(left, 0);
  timespec relative;
  relative.tv_sec = static_cast<time_t>(nanoseconds / 1'000'000'000);
  relative.tv_nsec = static_cast<long>(nanoseconds % 1'000'000'000);  // NOLINT(runtime/int)
  return relative;
}

}  // namespace

void EndSleeper::Open() noexcept { event_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void EndSleeper::SleepUntil(std::uint32_t ticket, Instant deadline,
                            std::vector<int>* awaited) noexcept {
  if (awaited->empty() || event_ < 0) {
    awaited->clear();
    sleeper_.SleepUntil(ticket, deadline);
    return;
  }
  pollfd looks[kMostHolds + 1];
  const size_t count = std::min(awaited->size(), kMostHolds);
  for (size_t i = 0; i < count; ++i) looks[i] = {(*awaited)[i], POLLIN, 0};
  looks[count] = {event_, POLLIN, 0};
  is_polling_.exchange(true, std::memory_order_acq_rel);
  int ready = 0;
  if (sleeper_.Ticket() == ticket) {
    const timespec relative = Until(deadline);
    ready = ppoll(looks, count + 1, deadline == Instant::max() ? nullptr : &relative, nullptr);
  }
  is_polling_.store(false, std::memory_order_relaxed);
  // What is written later ends the next sleep early, which may happen anyway.
  eventfd_t wakes;
  eventfd_read(event_, &wakes);
  awaited->clear();
  for (size_t i = 0; i < count && ready > 0; ++i) {
    if (looks[i].revents != 0) awaited->push_back(looks[i].fd);
  }
}

void EndSleeper::Wake() noexcept {
  sleeper_.Wake();
  if (is_polling_.exchange(false, std::memory_order_acq_rel)) eventfd_write(event_, 1);
}

}  // namespace hardstop::platform

#ifndef HARDSTOP_NATIVE_PLATFORM_END_SLEEPER_H_
#define HARDSTOP_NATIVE_PLATFORM_END_SLEEPER_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "platform/clock.h"
#include "platform/sleeper.h"

namespace hardstop::platform {

// A Sleeper that the end of a process wakes as well, on systems where a descriptor tells of it
// (ProcessHold). Elsewhere a Sleeper and no more.
class EndSleeper {
 public:
  constexpr EndSleeper() = default;

  // Once, before the others are called from several threads.
  void Open() noexcept;

  // As Sleeper has it.
  std::uint32_t Ticket() const noexcept { return sleeper_.Ticket(); }
  void Wake() noexcept;

  // As Sleeper::SleepUntil(), and returns when one of the processes has ended whose holds have the
  // descriptors in `awaited`; not where the system has no descriptor of its own to give for that.
  // Leaves in it those whose processes have ended.
  void SleepUntil(std::uint32_t ticket, Instant deadline, std::vector<int>* awaited) noexcept;

 private:
  Sleeper sleeper_;
  // Unused but on Linux, as is the next. What Wake() writes to; kept for good. -1: there is none.
  [[maybe_unused]] int event_ = -1;
  // Whether that is needed. Exchanged by both threads, by one before it compares the ticket, by the
  // other after it has made that stale: whoever comes second sees what the first has done.
  [[maybe_unused]] std::atomic<bool> is_polling_{false};
};

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_END_SLEEPER_H_

#include "platform/end_sleeper.h"

namespace hardstop::platform {

void EndSleeper::Open() noexcept {}

void EndSleeper::SleepUntil(std::uint32_t ticket, Instant deadline,
                            std::vector<int>* awaited) noexcept {
  awaited->clear();
  sleeper_.SleepUntil(ticket, deadline);
}

void EndSleeper::Wake() noexcept { sleeper_.Wake(); }

}  // namespace hardstop::platform

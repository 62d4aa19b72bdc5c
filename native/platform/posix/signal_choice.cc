#include "platform/posix/signal_choice.h"

#include <signal.h>
#include <stdlib.h>

namespace hardstop::platform {

bool SignalIsFree(int number) {
  struct sigaction current;
  return sigaction(number, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) == 0 &&
         current.sa_handler == SIG_DFL;
}

int ParseSignalNumber(const char* setting, int highest) {
  char* end = nullptr;
  const long number = strtol(setting, &end, 10);  // NOLINT(runtime/int)
  const bool is_number = end != setting && *end == '\0';
  return is_number && number >= 0 && number <= highest ? static_cast<int>(number) : -1;
}

}  // namespace hardstop::platform

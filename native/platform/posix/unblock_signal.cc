#include <signal.h>

#include "platform/directed_signal.h"

namespace hardstop::platform {

void UnblockDirectedSignal() {
  const int number = DirectedSignalNumber();
  if (number == 0) return;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace hardstop::platform

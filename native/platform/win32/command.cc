#include "platform/command.h"

#include <stdlib.h>

// There are no process groups, no signals and no fork here: the command line uses Node's own means.

namespace hardstop::platform {

bool HasCommands() { return false; }

int LeadGroup() { return -1; }

void IgnoreSignal(int /*number*/) {}

void RelayRealTimeSignals(int /*pipe_end*/) {}

CommandStart StartCommand(const CommandPlan& /*plan*/) { return {0, -1, false}; }

CommandEnd ReapCommand(int /*pid*/) { return {false, 0, 0, false}; }

void DieBySignal(int /*number*/) {}

void Leave(int status) { _exit(status); }

bool OpenPipe(int /*ends*/[2]) { return false; }

}  // namespace hardstop::platform

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "platform/process_list.h"

namespace hardstop::platform {
namespace {

// There is nothing here that holds on to a process as a pidfd does. What is left of the race is
// the time between two system calls, in which the id would have to be freed and used again; ids
// are given in turn, so that takes tens of thousands of new processes.
SendResult Send(const ProcessEntry& process, int signal) {
  ProcessEntry now;
  if (!ReadProcess(process.pid, &now) || !now.IsSameAs(process) || !now.alive) {
    return SendResult::kGone;
  }
  if (kill(process.pid, signal) == 0) return SendResult::kSent;
  return errno == ESRCH ? SendResult::kGone : SendResult::kRefused;
}

bool Stops(int signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

}  // namespace

SendResult AskToEnd(const ProcessEntry& process, int signal, bool wake) {
  const SendResult result = Send(process, signal);
  if (wake && result == SendResult::kSent && !Stops(signal)) Send(process, SIGCONT);
  return result;
}

SendResult Freeze(const ProcessEntry& process) { return Send(process, SIGSTOP); }

ProcessHold::ProcessHold(const ProcessEntry& /*process*/) {}

ProcessHold::~ProcessHold() = default;

bool IsAlive(const ProcessEntry& process, const ProcessHold& /*hold*/) {
  ProcessEntry now;
  return ReadProcess(process.pid, &now) && now.IsSameAs(process) && now.alive;
}

SendResult Kill(const ProcessEntry& process, const ProcessHold& /*hold*/) {
  return Send(process, SIGKILL);
}

void KillGroup(int32_t group) {
  // 0 and 1 would mean this process's own group and everybody.
  if (group > 1 && group != getpgrp()) kill(-group, SIGKILL);
}

}  // namespace hardstop::platform

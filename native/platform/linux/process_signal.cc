#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "platform/linux/pidfd.h"
#include "platform/process_list.h"

namespace hardstop::platform {
namespace {

// By number: C libraries know it since 2.36, Linux since 5.1. It is the same on every processor
// that Node runs on.
constexpr long kPidfdSendSignal = 424;  // NOLINT(runtime/int)

// Holds on to the process that was listed, so that its id cannot come to mean another one.
class HeldProcess {
 public:
  explicit HeldProcess(const ProcessEntry& process)
      : pid_(process.pid), descriptor_(OpenPidfd(process.pid)) {
    // After the descriptor was opened. What it was opened for had the id before what has it now;
    // so if that is the process that was listed, the descriptor is for it.
    ProcessEntry now;
    is_there_ = ReadProcess(pid_, &now) && now.IsSameAs(process) && now.alive;
  }

  SendResult Send(int signal) const {
    if (!is_there_) return SendResult::kGone;
    if (descriptor_.is_open()) {
      if (syscall(kPidfdSendSignal, descriptor_.get(), signal, nullptr, 0U) == 0) {
        return SendResult::kSent;
      }
      if (errno == ESRCH) return SendResult::kGone;
    }
    // An old kernel, no descriptor to be had, a filter for system calls, or no permission: by the
    // id, whose owner has just been looked at.
    if (kill(pid_, signal) == 0) return SendResult::kSent;
    return errno == ESRCH ? SendResult::kGone : SendResult::kRefused;
  }

 private:
  const int32_t pid_;
  const Descriptor descriptor_;
  bool is_there_ = false;
};

std::atomic<size_t> holds{0};

bool Stops(int signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

}  // namespace

SendResult AskToEnd(const ProcessEntry& process, int signal, bool wake) {
  const HeldProcess held(process);
  const SendResult result = held.Send(signal);
  if (wake && result == SendResult::kSent && !Stops(signal)) held.Send(SIGCONT);
  return result;
}

SendResult Freeze(const ProcessEntry& process) { return HeldProcess(process).Send(SIGSTOP); }

ProcessHold::ProcessHold(const ProcessEntry& process) {
  if (holds.fetch_add(1, std::memory_order_relaxed) >= kMostHolds) {
    holds.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  Descriptor opened = OpenPidfd(process.pid);
  // As above.
  ProcessEntry now;
  if (opened.is_open() && ReadProcess(process.pid, &now) && now.IsSameAs(process)) {
    descriptor_ = opened.Release();
    return;
  }
  holds.fetch_sub(1, std::memory_order_relaxed);
}

ProcessHold::~ProcessHold() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  holds.fetch_sub(1, std::memory_order_relaxed);
}

bool IsAlive(const ProcessEntry& process, const ProcessHold& hold) {
  if (hold.IsHolding()) {
    pollfd look = {hold.descriptor(), POLLIN, 0};
    const int ready = poll(&look, 1, 0);
    if (ready >= 0) return ready == 0;
  }
  ProcessEntry now;
  // Without a descriptor to look with it may live.
  if (!ReadProcess(process.pid, &now)) return errno == EMFILE || errno == ENFILE;
  return now.IsSameAs(process) && now.alive;
}

SendResult Kill(const ProcessEntry& process, const ProcessHold& hold) {
  if (hold.IsHolding()) {
    // One that has ended by itself takes signals until it is reaped.
    if (!IsAlive(process, hold)) return SendResult::kGone;
    if (syscall(kPidfdSendSignal, hold.descriptor(), SIGKILL, nullptr, 0U) == 0) {
      return SendResult::kSent;
    }
    if (errno == ESRCH) return SendResult::kGone;
  }
  return HeldProcess(process).Send(SIGKILL);
}

void KillGroup(int32_t group) {
  // 0 and 1 would mean this process's own group and everybody.
  if (group > 1 && group != getpgrp()) kill(-group, SIGKILL);
}

}  // namespace hardstop::platform

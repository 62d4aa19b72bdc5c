#include "platform/directed_signal.h"
#include "platform/thread.h"

// For macOS and Windows, where a thread is looked at from another one while it is suspended.

namespace hardstop::platform {

SelfSignal::SelfSignal(uint32_t slot) : slot_(slot), target_(ThreadHandle::Current()) {}

SelfSignal::~SelfSignal() { Stop(); }

bool SelfSignal::Start(Nanoseconds period) {
  Stop();
  period_ = period;
  stop_.store(false, std::memory_order_relaxed);
  thread_runs_.store(true, std::memory_order_relaxed);
  if (StartDetachedThread(&ThreadMain, this, "hardstop-test")) return true;
  thread_runs_.store(false, std::memory_order_relaxed);
  return false;
}

void SelfSignal::Stop() {
  stop_.store(true, std::memory_order_relaxed);
  while (thread_runs_.load(std::memory_order_acquire)) CpuRelax();
}

void SelfSignal::ThreadMain(void* self) {
  auto* const signal = static_cast<SelfSignal*>(self);
  while (!signal->stop_.load(std::memory_order_relaxed)) {
    const Instant due = MonotonicClock::now() + signal->period_;
    while (MonotonicClock::now() < due) CpuRelax();
    SignalThread(signal->target_, signal->slot_);
  }
  signal->thread_runs_.store(false, std::memory_order_release);
}

bool IsStoppedThread(const ThreadHandle&) { return true; }

}  // namespace hardstop::platform

#include "watchdog.h"

#include <cstdlib>
#include <cstring>

#include "platform/thread.h"

namespace hardstop {

using platform::Instant;
using platform::MonotonicClock;
using platform::MutexLock;
using platform::Nanoseconds;

namespace {

// Taking the stack takes the engine two microseconds, or tens of them where the caches have
// lost its code meanwhile. So the interrupt that does it is requested that much ahead of a deadline
// that is awaited by spinning, and only the termination, which is the stop, comes at the deadline.
// The work goes on until then, and keeps its value where it ends in between: nothing was stopped.
// But it may be elsewhere by then, which is no matter for those who read the stack only.
constexpr Nanoseconds kHeadStart = std::chrono::microseconds(60);

// What is to be stopped by force when it is due next, and may be announced.
const Frame* AwaitingForce(const DeadlineEntry* entry) {
  if (entry == nullptr || entry->kind != DeadlineEntry::Kind::kFrame) return nullptr;
  const auto* frame = static_cast<const Frame*>(entry);
  const bool awaits_force = !frame->fired && frame->due == frame->hard_deadline;
  return awaits_force && !frame->exact_place ? frame : nullptr;
}

}  // namespace

// Constant-initialised and trivially destructible: there before any code of ours
// runs, and nothing to wait for when the process exits.
Watchdog Watchdog::instance_;

bool Watchdog::SpinEnabled() {
  // On one core a spinning watchdog would keep the work from finishing.
  if (platform::OnlineCores() < 2) return false;
  const char* setting = getenv("HARDSTOP_SPIN");
  return setting == nullptr || strcmp(setting, "0") != 0;
}

bool Watchdog::EnsureStarted() {
  MutexLock lock(mutex_);
  if (started_) return true;
  margin_ = WakeMargin(SpinEnabled());
  started_ = platform::StartDetachedThread(&ThreadMain, this, "hardstop");
  return started_;
}

bool Watchdog::Queue(DeadlineEntry* entry, Instant due) {
  entry->due = due;
  if (due == Instant::max()) {
    heap_.Remove(entry);
    return false;
  }
  if (entry->heap_index == DeadlineEntry::kNotQueued) {
    if (!heap_.Insert(entry)) abort();  // No memory for a pointer: nothing else will work either.
  } else {
    heap_.Update(entry);
  }
  return heap_.Earliest() == entry && due - Lead(entry) < next_wake_;
}

bool Watchdog::Arm(Frame* frame) {
  Instant due = frame->soft_deadline;
  if (frame->cpu_limit != Nanoseconds::max()) due = NextLook(*frame, MonotonicClock::now());
  return Queue(frame, due);
}

bool Watchdog::Rearm(Frame* frame) { return Queue(frame, NextLook(*frame, MonotonicClock::now())); }

// When an unfired frame has to be looked at next.
Instant Watchdog::NextLook(const Frame& frame, Instant now) const {
  Instant next = frame.soft_struck ? frame.hard_deadline : frame.soft_deadline;
  if (frame.cpu_limit != Nanoseconds::max()) {
    // The thread cannot burn what is left of its limit before that much time
    // has passed, so that is when to look again: exact, and no clock signal.
    const Nanoseconds left = frame.cpu_limit - (frame.env_thread->CpuTime() - frame.cpu_at_start);
    if (left <= Nanoseconds(0)) return now;
    if (left < next - now) next = now + left;
  }
  return next;
}

bool Watchdog::Fire(Frame* frame, Instant now) {
  frame->fired = true;
  frame->escalations = 0;
  if (frame->env_thread->IsShielded(*frame)) {
    // Held off: the end of the shield fires it again.
    heap_.Remove(frame);
    return false;
  }
  frame->fired_at = now;
  frame->cpu_at_fire = frame->env_thread->CpuTime();
  if (frame->interrupt_taken) {
    frame->env_thread->RequestTermination();
  } else {
    // Also after an announcement: one that came inside a shield is used up.
    frame->env_thread->RequestInterrupt();
  }
  return Queue(frame, now + frame->env_thread->KickDelay(0));
}

Nanoseconds Watchdog::Lead(const DeadlineEntry* entry) const {
  const Nanoseconds margin = margin_.Margin();
  if (margin == Nanoseconds::zero() || AwaitingForce(entry) == nullptr) return margin;
  return margin + kHeadStart;
}

Frame* Watchdog::Announceable(DeadlineEntry* entry) const {
  const Frame* frame = AwaitingForce(entry);
  return frame != nullptr && !frame->announced ? static_cast<Frame*>(entry) : nullptr;
}

void Watchdog::Announce(Frame* frame) {
  frame->announced = true;
  frame->env_thread->RequestInterrupt();
}

void Watchdog::Serve(DeadlineEntry* entry, Instant now) {
  if (entry->kind == DeadlineEntry::Kind::kFrame) {
    Strike(static_cast<Frame*>(entry), now);
  } else {
    Queue(entry, static_cast<Wakeable*>(entry)->OnDue(now));
  }
}

void Watchdog::Strike(Frame* frame, Instant now) {
  if (frame->fired) {
    Escalate(frame, now);
    return;
  }
  const bool cpu_used_up = frame->cpu_limit != Nanoseconds::max() &&
                           frame->env_thread->CpuTime() - frame->cpu_at_start >= frame->cpu_limit;
  if (cpu_used_up && !frame->soft_struck) {
    // A used-up CPU limit is a deadline that strikes now: the same grace follows.
    frame->soft_deadline = now;
    frame->hard_deadline =
        frame->grace < Instant::max() - now ? now + frame->grace : Instant::max();
    frame->cpu_struck = true;
  }
  if (!frame->soft_struck && now >= frame->soft_deadline) {
    frame->soft_struck = true;
    frame->cpu_limit = Nanoseconds::max();
    frame->env_thread->ShowExpiry(*frame);
  }
  if (now >= frame->hard_deadline) {
    Fire(frame, now);
  } else {
    Queue(frame, NextLook(*frame, now));
  }
}

void Watchdog::Escalate(Frame* frame, Instant now) {
  StoppableThread* thread = frame->env_thread;
  if (thread->IsShielded(*frame)) {
    heap_.Remove(frame);
    return;
  }
  frame->escalations++;
  // Repeated, because whoever else catches terminations in between (node:vm does)
  // takes ours with its own.
  if (thread->NeedsTermination(*frame, now)) thread->RequestTermination();
  thread->Kick(frame);
  // A thread that is stuck in a built-in cannot be helped; it is looked at ever
  // less often, but never given up, because the built-in returns some day.
  Queue(frame, now + thread->KickDelay(frame->escalations));
}

void Watchdog::SpinUntil(Instant instant, uint32_t ticket) {
  // Bounded by the margin. A Wake() means that something earlier was armed.
  while (MonotonicClock::now() < instant && sleeper_.Ticket() == ticket) platform::CpuRelax();
}

void Watchdog::ThreadMain(void* self) { static_cast<Watchdog*>(self)->Run(); }

void Watchdog::Run() {
  mutex_.Lock();
  while (true) {
    const Instant now = MonotonicClock::now();
    DeadlineEntry* entry = heap_.Earliest();
    if (entry != nullptr && entry->due <= now) {
      Serve(entry, now);
      continue;
    }
    Frame* to_announce = Announceable(entry);
    if (to_announce != nullptr && entry->due - now <= kHeadStart) {
      Announce(to_announce);
      to_announce = nullptr;
    }
    // From here on the entry may be gone whenever the mutex is free; the loop starts
    // over with whatever is earliest then.
    const Instant due = entry == nullptr ? Instant::max() : entry->due;
    next_wake_ = entry == nullptr ? Instant::max() : due - Lead(entry);
    const uint32_t ticket = sleeper_.Ticket();
    const bool spin = next_wake_ <= now;
    const Instant wake_at = next_wake_;
    const Instant spin_to = spin && to_announce != nullptr ? due - kHeadStart : due;
    mutex_.Unlock();
    if (spin) {
      SpinUntil(spin_to, ticket);
      const Instant spun = MonotonicClock::now();
      mutex_.Lock();
      if (spun >= spin_to) margin_.ObserveSpin(spun - spin_to);
    } else {
      sleeper_.SleepUntil(ticket, wake_at);
      const Instant woken = MonotonicClock::now();
      mutex_.Lock();
      if (woken >= wake_at && sleeper_.Ticket() == ticket) margin_.Observe(woken - wake_at);
    }
  }
}

}  // namespace hardstop

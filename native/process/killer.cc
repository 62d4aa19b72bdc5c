#include "process/killer.h"

#include <algorithm>
#include <memory>
#include <new>

#include "platform/thread.h"

namespace hardstop {

using platform::Instant;
using platform::MonotonicClock;
using platform::MutexLock;
using platform::Nanoseconds;

// Constant-initialised and trivially destructible: there before any code of ours runs, and
// nothing to wait for when the process exits.
Killer Killer::instance_;

bool Killer::EnsureStarted() {
  MutexLock lock(mutex_);
  if (started_) return true;
  if (!is_open_) sleeper_.Open();
  is_open_ = true;
  started_ = platform::StartDetachedThread(&ThreadMain, this, "hardstop-killer");
  return started_;
}

uint32_t Killer::Plan(const TreeTarget& target, const TreeEndPlan& plan, TreeEndOwner* owner) {
  if (!EnsureStarted()) return 0;
  std::unique_ptr<PlannedEnd> planned(new (std::nothrow) PlannedEnd(target, plan));
  if (planned == nullptr) return 0;
  uint32_t id;
  bool wake;
  {
    MutexLock lock(mutex_);
    id = ++last_id_;
    planned->id = id;
    planned->owner = owner;
    planned->next = first_;
    wake = MakeDue(planned.get(), planned->end.DueFor(plan.deadline));
    first_ = planned.release();
  }
  WakeIf(wake);
  return id;
}

void Killer::Reschedule(uint32_t id, Instant deadline) {
  bool wake = false;
  {
    MutexLock lock(mutex_);
    PlannedEnd* planned = Find(id);
    if (planned == nullptr || planned->has_begun) return;
    planned->orders.reschedule = true;
    planned->orders.deadline = deadline;
    wake = MakeDue(planned, planned->end.DueFor(deadline));
  }
  WakeIf(wake);
}

void Killer::Begin(uint32_t id, Nanoseconds grace) {
  bool wake = false;
  {
    MutexLock lock(mutex_);
    PlannedEnd* planned = Find(id);
    if (planned == nullptr || planned->is_over) return;
    wake = OrderBegin(planned, grace);
  }
  WakeIf(wake);
}

Killer::AfterRoot Killer::RootEnded(uint32_t id, bool sweep) {
  PlannedEnd* dropped = nullptr;
  bool has_dropped = false;
  bool wake = false;
  {
    MutexLock lock(mutex_);
    PlannedEnd* planned = Find(id);
    if (planned == nullptr) return AfterRoot::kUnknown;
    planned->orders.root_ended = true;
    if (!planned->has_begun && !sweep) {
      Unlink(planned);
      has_dropped = true;
      planned->is_dropped = true;
      if (!planned->is_taken) dropped = planned;
    } else if (!planned->has_begun) {
      wake = OrderBegin(planned, planned->end.plan().grace);
    } else if (!planned->is_over) {
      // It need not be waited for until the next look.
      wake = MakeDue(planned, MonotonicClock::now());
    }
  }
  WakeIf(wake);
  delete dropped;
  return has_dropped ? AfterRoot::kDropped : AfterRoot::kUnderWay;
}

void Killer::Abandon(TreeEndOwner* owner) {
  bool wake = false;
  while (PlannedEnd* over = TakeOver(owner)) delete over;
  {
    MutexLock lock(mutex_);
    for (PlannedEnd* planned = first_; planned != nullptr; planned = planned->next) {
      if (planned->owner != owner) continue;
      planned->owner = nullptr;
      if (!planned->has_begun && OrderBegin(planned, planned->end.plan().grace)) wake = true;
    }
  }
  WakeIf(wake);
}

PlannedEnd* Killer::TakeOver(TreeEndOwner* owner) {
  MutexLock lock(mutex_);
  for (PlannedEnd* planned = first_; planned != nullptr; planned = planned->next) {
    if (planned->owner != owner || !planned->is_over) continue;
    Unlink(planned);
    return planned;
  }
  return nullptr;
}

PlannedEnd* Killer::Find(uint32_t id) const {
  PlannedEnd* planned = first_;
  while (planned != nullptr && planned->id != id) planned = planned->next;
  return planned;
}

PlannedEnd* Killer::Earliest() const {
  PlannedEnd* earliest = nullptr;
  for (PlannedEnd* planned = first_; planned != nullptr; planned = planned->next) {
    if (earliest == nullptr || planned->due < earliest->due) earliest = planned;
  }
  return earliest;
}

void Killer::ListAwaited() const {
  awaited_->clear();
  for (PlannedEnd* planned = first_; planned != nullptr; planned = planned->next) {
    const int descriptor = planned->end.awaited();
    if (descriptor >= 0) awaited_->push_back(descriptor);
  }
}

void Killer::TurnToEnded() {
  if (awaited_->empty()) return;
  const Instant now = MonotonicClock::now();
  MutexLock lock(mutex_);
  for (PlannedEnd* planned = first_; planned != nullptr; planned = planned->next) {
    const int descriptor = planned->end.awaited();
    const bool has_ended =
        std::find(awaited_->begin(), awaited_->end(), descriptor) != awaited_->end();
    if (descriptor < 0 || !has_ended) continue;
    planned->end.TurnTo(now);
    planned->due = now;
  }
}

void Killer::Unlink(const PlannedEnd* planned) {
  PlannedEnd** link = &first_;
  while (*link != planned) link = &(*link)->next;
  *link = planned->next;
}

bool Killer::OrderBegin(PlannedEnd* planned, Nanoseconds grace) {
  planned->orders.grace = planned->orders.begin ? std::min(planned->orders.grace, grace) : grace;
  planned->orders.begin = true;
  if (!planned->has_begun) {
    planned->has_begun = true;
    if (planned->owner != nullptr) planned->owner->OnBegun();
  }
  return MakeDue(planned, MonotonicClock::now());
}

bool Killer::MakeDue(PlannedEnd* planned, Instant due) {
  // Not in the round that may be under way: its list may be older than the order, and the root.
  planned->due = std::max(due, MonotonicClock::now());
  return planned->due < next_wake_;
}

void Killer::FollowOrders(PlannedEnd* planned, Instant now) {
  const PlannedEnd::Orders orders = planned->orders;
  planned->orders = PlannedEnd::Orders();
  if (orders.root_ended) planned->end.RootEnded(now);
  if (orders.reschedule) planned->end.Reschedule(orders.deadline);
  if (orders.begin) planned->end.Begin(now, orders.grace);
}

PlannedEnd* Killer::TakeDue(Instant now) {
  MutexLock lock(mutex_);
  while (true) {
    PlannedEnd* planned = Earliest();
    if (planned == nullptr || planned->due > now) return nullptr;
    FollowOrders(planned, now);
    planned->due = planned->end.due();
    if (planned->due > now) continue;
    if (!planned->has_begun && planned->end.BeginsAt(now)) {
      planned->has_begun = true;
      if (planned->owner != nullptr) planned->owner->OnBegun();
    }
    planned->is_taken = true;
    // Not due for others until it is handed back; an order makes it so again.
    planned->due = Instant::max();
    return planned;
  }
}

void Killer::HandBack(PlannedEnd* planned) {
  {
    MutexLock lock(mutex_);
    planned->is_taken = false;
    planned->due = std::min(planned->due, planned->end.due());
    if (!planned->is_dropped && !planned->end.is_over()) return;
    planned->is_over = true;
    planned->due = Instant::max();
    if (!planned->is_dropped) {
      if (planned->owner != nullptr) {
        planned->owner->OnOver();
        return;
      }
      Unlink(planned);
    }
  }
  delete planned;
}

void Killer::Round() {
  processes_->BeginRound();
  const Instant now = MonotonicClock::now();
  while (PlannedEnd* planned = TakeDue(now)) {
    planned->end.Step(now, processes_);
    HandBack(planned);
  }
}

void Killer::ThreadMain(void* self) { static_cast<Killer*>(self)->Run(); }

void Killer::Run() {
  SharedSnapshot processes;
  processes_ = &processes;
  std::vector<int> awaited;
  awaited_ = &awaited;
  while (true) {
    Round();
    mutex_.Lock();
    const PlannedEnd* next = Earliest();
    next_wake_ = next == nullptr ? Instant::max() : next->due;
    const Instant wake_at = next_wake_;
    const uint32_t ticket = sleeper_.Ticket();
    ListAwaited();
    mutex_.Unlock();
    if (wake_at > MonotonicClock::now()) sleeper_.SleepUntil(ticket, wake_at, &awaited);
    TurnToEnded();
  }
}

}  // namespace hardstop

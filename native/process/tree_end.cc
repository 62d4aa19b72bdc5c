#include "process/tree_end.h"

#include <algorithm>

#include "platform/process_list.h"

namespace hardstop {

using platform::Instant;
using platform::MonotonicClock;
using platform::Nanoseconds;
using platform::ProcessEntry;
using platform::SendResult;

namespace {

// SIGKILL, on systems with signals and in Node on those without.
constexpr int32_t kKillSignal = 9;

// Between two looks at the members that are known: they become rarer.
constexpr Nanoseconds kFirstWait = std::chrono::microseconds(300);
constexpr Nanoseconds kLongestSoftWait = std::chrono::milliseconds(50);
constexpr Nanoseconds kLongestHardWait = std::chrono::microseconds(500);
// Each is longer than the one before by this part of it.
constexpr int kGrowth = 4;
// Between two lists of all processes while known members live. Before force is used, lists take
// this part of the thread's time at most.
constexpr Nanoseconds kSoftListEvery = std::chrono::milliseconds(50);
constexpr Nanoseconds kHardListEvery = std::chrono::milliseconds(2);
constexpr Nanoseconds kCompleteListEvery = std::chrono::milliseconds(20);
// A list takes some ms, and on a busy machine it takes some until a thread that slept goes on.
constexpr Nanoseconds kPreparation = std::chrono::milliseconds(8);
constexpr int kShareOfListing = 10;
// A tree that grows while it is being frozen is frozen again, so often.
constexpr int kMostFreezes = 10;
// A tree that was restless in so many looks is contained. Whoever was just forking when the signals
// came is there at the next look, or at the one after it, and who is stopped is it by then.
constexpr int kRestlessLooksOfStorm = 3;
// What lives this long after it was killed is stuck in the kernel.
constexpr Nanoseconds kGiveUpAfter = std::chrono::seconds(2);

Instant After(Instant instant, Nanoseconds duration) {
  return duration >= Instant::max() - instant ? Instant::max() : instant + duration;
}

}  // namespace

TreeEnd::TreeEnd(const TreeTarget& target, const TreeEndPlan& plan)
    : plan_(plan),
      members_(target),
      deadline_(plan.deadline),
      due_(DueFor(plan.deadline)),
      wait_(kFirstWait) {
  // A foreign tree is not ours to hold together.
  if (target.scope == TreeScope::kTree && members_.is_marked()) containment_.Adopt(target);
}

bool TreeEnd::IsForce() const { return plan_.signal == kKillSignal && !plan_.once; }

// Whoever is asked to end has to be known when it is: afterwards it may be too late to tell what
// it has started before from what it starts to end well.
Instant TreeEnd::DueFor(Instant deadline) const {
  const bool prepares =
      (IsForce() || plan_.grace == Nanoseconds(0)) && members_.is_marked() && !plan_.once;
  if (!prepares || deadline == Instant::max()) return deadline;
  return std::max(deadline, Instant(kPreparation)) - kPreparation;
}

void TreeEnd::Reschedule(Instant deadline) {
  if (phase_ != Phase::kPlanned) return;
  deadline_ = deadline;
  due_ = DueFor(deadline);
}

void TreeEnd::Begin(Instant now, Nanoseconds grace) {
  if (phase_ == Phase::kHard || phase_ == Phase::kOver) return;
  const Instant hard_at = IsForce() ? now : After(now, grace);
  hard_at_ = std::min(hard_at_, hard_at);
  phase_ = Phase::kSoft;
  due_ = now;
}

void TreeEnd::RootEnded(Instant now) {
  members_.ForgetRoot();
  if (has_begun() && !is_over()) due_ = now;
}

void TreeEnd::Step(Instant now, SharedSnapshot* processes) {
  if (!BeginsAt(now)) {
    Prepare(processes);
    return;
  }
  if (phase_ == Phase::kPlanned) Begin(now, plan_.grace);
  if (phase_ == Phase::kSoft && now >= hard_at_) {
    phase_ = Phase::kHard;
    hard_at_ = now;
    wait_ = kFirstWait;
    next_list_ = now;
    // Those who are known need not wait for the others; who does not bear the mark would be lost.
    if (members_.is_marked()) {
      if (IsGatheredFirst()) {
        Gather(false);
      } else {
        KillAll();
      }
      // A list that others had made in this round may lack what they have forked until now.
      processes->BeginRound();
    }
  }
  const bool none_left = (is_complete_ || now < next_list_) && members_.Refresh() == 0;
  if (none_left && is_complete_ && containment_.Close()) {
    Finish(MonotonicClock::now());
  } else if (none_left || now >= next_list_) {
    Look(now, processes);
  }
  if (phase_ != Phase::kOver) Rest(MonotonicClock::now());
}

void TreeEnd::Prepare(SharedSnapshot* processes) {
  members_.Find(processes);
  members_.Hold();
  due_ = deadline_;
}

void TreeEnd::Look(Instant now, SharedSnapshot* processes) {
  ++looks_;
  // The ends of those who were killed are seen by other means.
  const size_t added = members_.Find(processes, phase_ == Phase::kHard && members_.is_marked());
  if (phase_ == Phase::kHard) {
    const bool has_struck = report_.step == EndStep::kHard;
    const bool is_restless = (has_struck || freezes_ > 0) && (added > 0 || !IsFrozen());
    if (is_restless) ++restless_looks_;
    // Whoever forks without an end is faster than one signal after the other.
    if (added > 0 && has_struck && !IsGatheredFirst()) members_.KillGroups();
    if (Gather(is_restless)) {
      next_list_ = now;
      return;
    }
    KillAll();
  } else {
    AskAll();
  }
  const auto& members = members_.members();
  const bool nobody =
      members_.has_list() && std::all_of(members.begin(), members.end(),
                                         [](const TreeMember& member) { return member.refused; });
  empty_looks_ = nobody ? empty_looks_ + 1 : 0;
  const Instant done = MonotonicClock::now();
  // Once more at once, for those who were started while the signals were sent.
  const bool is_done = plan_.once && looks_ >= 2;
  const bool is_whole = members_.has_all();
  const bool is_empty = empty_looks_ >= 2 || (nobody && is_whole);
  is_complete_ = phase_ == Phase::kHard && added == 0 && is_whole;
  const bool gives_up = phase_ == Phase::kHard && now - hard_at_ >= kGiveUpAfter;
  if (gives_up) members_.Refresh();
  if (is_done || (is_empty && containment_.Close()) || gives_up) {
    Finish(done);
  } else if (phase_ == Phase::kHard) {
    next_list_ = done + (is_complete_ ? kCompleteListEvery : kHardListEvery);
  } else {
    next_list_ =
        looks_ == 1 ? done : done + std::max(kSoftListEvery, processes->cost() * kShareOfListing);
  }
}

void TreeEnd::Rest(Instant now) {
  const bool is_hard = phase_ == Phase::kHard;
  if (empty_looks_ > 0 && !containment_.is_used()) {
    due_ = now;
    return;
  }
  due_ = awaited() >= 0 ? next_list_ : now + wait_;
  if (!is_hard) due_ = std::min(due_, hard_at_);
  wait_ = std::min(wait_ + wait_ / kGrowth, is_hard ? kLongestHardWait : kLongestSoftWait);
}

int TreeEnd::awaited() const {
  if (phase_ != Phase::kHard) return -1;
  const auto& members = members_.members();
  const auto alive = std::find_if(members.begin(), members.end(), [](const TreeMember& member) {
    return member.killed && member.alive;
  });
  return alive == members.end() ? -1 : alive->hold.descriptor();
}

// This process, if it is a member, comes last in both: afterwards it may not get to the others.
void TreeEnd::AskAll() {
  TreeMember* self = nullptr;
  for (TreeMember& member : members_.members()) {
    if (member.asked_at != 0 || member.refused) continue;
    const TreeMember* parent = members_.Member(member.process.parent);
    // What a process starts that was asked to end, it starts to end well.
    if (parent != nullptr && parent->asked_at != 0 && parent->asked_at < looks_) continue;
    if (member.process.pid == platform::OwnProcessId()) {
      self = &member;
    } else {
      AskOne(&member);
    }
  }
  if (self != nullptr) AskOne(self);
}

void TreeEnd::AskOne(TreeMember* member) {
  member->asked_at = looks_;
  Note(member, EndStep::kSoft, platform::AskToEnd(member->process, plan_.signal, !plan_.once));
}

// Whether killing one after the other would lose those whose parent goes first.
bool TreeEnd::IsGatheredFirst() const {
  return !members_.is_marked() || members_.is_evasive() || IsStorm();
}

// Returns whether it has to be done again before anybody is killed, because there may be more.
bool TreeEnd::Gather(bool is_restless) {
  if (!IsGatheredFirst() || freezes_ >= kMostFreezes) return false;
  // What is born in the container has not got away.
  const bool has_more =
      IsStorm() ? containment_.Refresh(&members_) > 0 : freezes_ == 0 || is_restless;
  if (!has_more) return false;
  ++freezes_;
  // First, since containing the first of them takes time in which the others would fork on.
  const bool any = FreezeAll();
  if (IsStorm()) containment_.TakeIn(&members_);
  return any;
}

bool TreeEnd::IsStorm() const {
  // With the root what it starts would be contained.
  return members_.has_descendants() && restless_looks_ >= kRestlessLooksOfStorm;
}

// Whether those who were stopped are: others may wake them, and some states take long to leave.
bool TreeEnd::IsFrozen() const {
  // Twice, as one that was looked at may have been woken by one that was still to be looked at.
  for (int pass = 0; pass < 2; ++pass) {
    for (const TreeMember& member : members_.members()) {
      if (!member.frozen || member.killed || !member.alive) continue;
      ProcessEntry now;
      const bool is_there = platform::ReadProcess(member.process.pid, &now);
      if (is_there && now.IsSameAs(member.process) && now.alive && !now.is_stopped) return false;
    }
  }
  return true;
}

bool TreeEnd::FreezeAll() {
  bool any = false;
  for (TreeMember& member : members_.members()) {
    if (member.refused || member.contained || member.killed) continue;
    if (member.process.pid == platform::OwnProcessId()) continue;
    const SendResult result = platform::Freeze(member.process);
    member.frozen = result == SendResult::kSent;
    any = any || member.frozen;
    // Who may not be signalled is not to be killed by other means.
    if (result == SendResult::kRefused) member.uncontainable = true;
  }
  return any;
}

void TreeEnd::KillAll() {
  KillContained();
  TreeMember* self = nullptr;
  for (TreeMember& member : members_.members()) {
    if (member.refused || member.killed || !member.alive) continue;
    if (member.process.pid == platform::OwnProcessId()) {
      self = &member;
    } else {
      KillOne(&member);
    }
  }
  containment_.KillAdopted();
  if (self != nullptr) KillOne(self);
}

// Before any of them dies otherwise: at no time is there one outside whose parent inside is gone.
void TreeEnd::KillContained() {
  if (!containment_.is_used()) return;
  // Should it grow again, it is gathered anew.
  freezes_ = 1;
  for (TreeMember& member : members_.members()) {
    // For their ends to be seen.
    if (!member.hold.IsHolding()) member.hold = platform::ProcessHold(member.process);
  }
  std::vector<int32_t> killed;
  if (!containment_.KillInside(members_, &killed)) return;
  for (const int32_t pid : killed) {
    TreeMember* member = members_.Member(pid);
    std::vector<int32_t>* signalled = &report_.signalled;
    if (member != nullptr) {
      member->killed = true;
      Note(member, EndStep::kHard, SendResult::kSent);
    } else if (std::find(signalled->begin(), signalled->end(), pid) == signalled->end()) {
      signalled->push_back(pid);
    }
  }
}

void TreeEnd::KillOne(TreeMember* member) {
  // For its end to be seen, too.
  if (!member->hold.IsHolding()) member->hold = platform::ProcessHold(member->process);
  const SendResult result = platform::Kill(member->process, member->hold);
  // One that seemed to be gone is tried again, should it be found again.
  member->killed = result != SendResult::kGone || member->hold.IsHolding();
  Note(member, EndStep::kHard, result);
}

void TreeEnd::Note(TreeMember* member, EndStep step, SendResult result) {
  if (result == SendResult::kRefused) member->refused = true;
  if (result != SendResult::kSent) return;
  if (report_.started_at == Instant::max()) report_.started_at = MonotonicClock::now();
  report_.step = step;
  if (member->is_root) report_.root = step;
  if (!member->signalled) report_.signalled.push_back(member->process.pid);
  member->signalled = true;
}

void TreeEnd::Finish(Instant now) {
  phase_ = Phase::kOver;
  due_ = Instant::max();
  report_.ended_at = now;
  if (containment_.is_used()) {
    for (const int32_t pid : containment_.ListInside()) {
      if (members_.Member(pid) == nullptr) report_.survivors.push_back(pid);
    }
    containment_.Release();
  }
  for (const TreeMember& member : members_.members()) {
    if (plan_.once ? member.refused : member.alive) report_.survivors.push_back(member.process.pid);
  }
  // Nothing is known of it, which is not to be taken for its end.
  if (!members_.has_list() && members_.has_root() && members_.members().empty()) {
    report_.survivors.push_back(members_.root_id());
  }
}

}  // namespace hardstop

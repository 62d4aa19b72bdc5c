#ifndef HARDSTOP_NATIVE_PROCESS_TREE_END_H_
#define HARDSTOP_NATIVE_PROCESS_TREE_END_H_

#include <cstdint>
#include <vector>

#include "platform/clock.h"
#include "process/containment.h"
#include "process/process_snapshot.h"
#include "process/tree_members.h"

namespace hardstop {

// How a tree is ended.
struct TreeEndPlan {
  // When it is asked to end; Instant::max(): not by the clock.
  platform::Instant deadline = platform::Instant::max();
  // From then until force is used. 0: nobody is asked.
  platform::Nanoseconds grace{0};
  // What asks.
  int32_t signal = 0;
  // That signal to everybody and nothing else: no force, and no waiting for an end.
  bool once = false;
};

// Mirrored by src/native/binding.ts.
enum class EndStep : int32_t { kNone, kSoft, kHard };

// What was done.
struct TreeEndReport {
  // What ended the last of them, and what the root was sent last while it lived.
  EndStep step = EndStep::kNone;
  EndStep root = EndStep::kNone;
  // When the first signal was sent; Instant::max(): none was.
  platform::Instant started_at = platform::Instant::max();
  platform::Instant ended_at = platform::Instant::max();
  std::vector<int32_t> signalled;
  // What could not be ended: not permitted, or stuck in the kernel.
  std::vector<int32_t> survivors;
};

// The end of one tree, a step at a time. It keeps no time of its own: Step() is to be called when
// it is due. Made on the thread that plans, then the killer's alone.
//
// A soft step sends its signal to all members, and again to those that come later unless they were
// started by one that was asked to end: how that ends is its own matter. A hard step kills until
// nobody can be left: the last of them has died after a list that had all processes and no new
// member, or two lists in a row have had none. What kills at its deadline has looked for its
// members shortly before, so that they need not wait until all processes have been listed. Where no
// mark tells who belongs to the tree, or members have left it behind, who loses his parent is lost:
// then all are stopped before the first is killed. A tree that grows all the same is contained
// first, where the system lets us: no fork leads out of that.
class TreeEnd {
 public:
  // To be made while the root has not been reaped.
  TreeEnd(const TreeTarget& target, const TreeEndPlan& plan);

  // Nothing happens once it has begun.
  void Reschedule(platform::Instant deadline);
  // Begins now; called again, the earlier use of force counts.
  void Begin(platform::Instant now, platform::Nanoseconds grace);
  // It was reaped, or is about to be.
  void RootEnded(platform::Instant now);

  // When Step() is to be called next; max(): not before it has begun.
  platform::Instant due() const { return due_; }
  // When it would be due with that deadline: before it, where there is something to prepare. On
  // any thread.
  platform::Instant DueFor(platform::Instant deadline) const;
  // Whether the next Step() is more than a preparation.
  bool BeginsAt(platform::Instant now) const { return has_begun() || now >= deadline_; }
  void Step(platform::Instant now, SharedSnapshot* processes);
  // The killer is to turn to it as well when the process has ended whose hold has this descriptor;
  // -1: there is none.
  int awaited() const;
  void TurnTo(platform::Instant now) { due_ = now; }

  const TreeEndPlan& plan() const { return plan_; }
  bool has_begun() const { return phase_ != Phase::kPlanned; }
  bool is_over() const { return phase_ == Phase::kOver; }
  // Complete once it is over.
  const TreeEndReport& report() const { return report_; }

 private:
  enum class Phase { kPlanned, kSoft, kHard, kOver };

  bool IsForce() const;
  void Prepare(SharedSnapshot* processes);
  void Look(platform::Instant now, SharedSnapshot* processes);
  void Rest(platform::Instant now);
  void AskAll();
  bool IsGatheredFirst() const;
  bool IsStorm() const;
  bool Gather(bool is_restless);
  bool FreezeAll();
  bool IsFrozen() const;
  void KillAll();
  void KillContained();
  void AskOne(TreeMember* member);
  void KillOne(TreeMember* member);
  void Note(TreeMember* member, EndStep step, platform::SendResult result);
  void Finish(platform::Instant now);

  const TreeEndPlan plan_;
  Containment containment_;
  TreeMembers members_;
  Phase phase_ = Phase::kPlanned;
  platform::Instant deadline_;
  platform::Instant due_;
  // When force is used; once it is, when it began to be.
  platform::Instant hard_at_ = platform::Instant::max();
  // When all processes are listed again; the members that are known are looked at more often.
  platform::Instant next_list_ = platform::Instant::min();
  platform::Nanoseconds wait_;
  uint32_t looks_ = 0;
  // Looks that have frozen members, which are to be killed when there are no new ones.
  int freezes_ = 0;
  // Looks that have found new members, or some that run, after all that were known had been killed
  // or frozen.
  int restless_looks_ = 0;
  // Whether the last list was made after all known members had been killed, and had no others.
  bool is_complete_ = false;
  // Looks in a row that have found no member.
  int empty_looks_ = 0;
  TreeEndReport report_;
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_PROCESS_TREE_END_H_

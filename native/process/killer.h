#ifndef HARDSTOP_NATIVE_PROCESS_KILLER_H_
#define HARDSTOP_NATIVE_PROCESS_KILLER_H_

#include <cstdint>
#include <vector>

#include "platform/clock.h"
#include "platform/end_sleeper.h"
#include "platform/mutex.h"
#include "platform/thread_annotations.h"
#include "process/tree_end.h"

namespace hardstop {

// Who is told what becomes of the ends that it has planned. Called with Killer::mutex() held, on
// any thread; must not block.
class TreeEndOwner {
 public:
  // The deadline has come: the end is under way.
  virtual void OnBegun() = 0;
  // The end is over: TakeOver() has it.
  virtual void OnOver() = 0;

 protected:
  ~TreeEndOwner() = default;
};

// An end that is planned, under way, or over and not yet taken.
struct PlannedEnd {
  PlannedEnd(const TreeTarget& target, const TreeEndPlan& plan) : end(target, plan) {}

  // The killer's thread's alone, from when it was planned until it is over.
  TreeEnd end;

  // The rest: guarded by Killer::mutex().
  uint32_t id = 0;
  // nullptr: nobody waits for the report.
  TreeEndOwner* owner = nullptr;
  // When the thread turns to it next.
  platform::Instant due = platform::Instant::max();
  bool has_begun = false;
  bool is_over = false;
  // The thread is at it; then it is also the one to delete it, if it is dropped meanwhile.
  bool is_taken = false;
  bool is_dropped = false;
  // What was ordered since the thread turned to it last.
  struct Orders {
    bool reschedule = false;
    platform::Instant deadline;
    bool begin = false;
    platform::Nanoseconds grace{0};
    bool root_ended = false;
  } orders;
  PlannedEnd* next = nullptr;
};

// One thread for the whole process that ends process trees. Not the watchdog's: it reads the list
// of processes, which takes milliseconds and can wait for locks of the kernel, and no deadline of
// a thread is to wait for that. Started at first need, sleeps while nothing is due, dies with the
// process without delaying it.
class Killer {
 public:
  // The one killer. Never destroyed, as the watchdog.
  static Killer& Instance() { return instance_; }

  // The next five: on an owner's thread; they never wait for the work that the thread does.
  //
  // Returns the end's id; 0: the system refused the thread or the memory.
  uint32_t Plan(const TreeTarget& target, const TreeEndPlan& plan, TreeEndOwner* owner)
      HARDSTOP_EXCLUDES(mutex_);
  void Reschedule(uint32_t id, platform::Instant deadline) HARDSTOP_EXCLUDES(mutex_);
  // `grace` in place of the plan's.
  void Begin(uint32_t id, platform::Nanoseconds grace) HARDSTOP_EXCLUDES(mutex_);
  // The root's id says nothing any more. An end that has not begun does so now (`sweep`), or is
  // dropped without a report.
  enum class AfterRoot { kUnderWay, kDropped, kUnknown };
  AfterRoot RootEnded(uint32_t id, bool sweep) HARDSTOP_EXCLUDES(mutex_);
  // The owner goes: what it has planned begins now, and nobody is told.
  void Abandon(TreeEndOwner* owner) HARDSTOP_EXCLUDES(mutex_);

  // One of the owner's ends that is over, to be deleted by it; nullptr: there is none.
  PlannedEnd* TakeOver(TreeEndOwner* owner) HARDSTOP_EXCLUDES(mutex_);

  platform::Mutex& mutex() HARDSTOP_RETURN_CAPABILITY(mutex_) { return mutex_; }

 private:
  constexpr Killer() = default;
  bool EnsureStarted() HARDSTOP_EXCLUDES(mutex_);
  static void ThreadMain(void* self);
  [[noreturn]] void Run() HARDSTOP_EXCLUDES(mutex_);
  void Round() HARDSTOP_EXCLUDES(mutex_);
  // An end that has something to do at `now`, its orders taken; nullptr: there is none.
  PlannedEnd* TakeDue(platform::Instant now) HARDSTOP_EXCLUDES(mutex_);
  void HandBack(PlannedEnd* planned) HARDSTOP_EXCLUDES(mutex_);

  PlannedEnd* Find(uint32_t id) const HARDSTOP_REQUIRES(mutex_);
  PlannedEnd* Earliest() const HARDSTOP_REQUIRES(mutex_);
  // Whose ends are waited for, by descriptor in awaited_, and whose have come.
  void ListAwaited() const HARDSTOP_REQUIRES(mutex_);
  void TurnToEnded() HARDSTOP_EXCLUDES(mutex_);
  void Unlink(const PlannedEnd* planned) HARDSTOP_REQUIRES(mutex_);
  static void FollowOrders(PlannedEnd* planned, platform::Instant now);
  bool OrderBegin(PlannedEnd* planned, platform::Nanoseconds grace) HARDSTOP_REQUIRES(mutex_);
  // True: Wake() must be called once the mutex is free.
  bool MakeDue(PlannedEnd* planned, platform::Instant due) HARDSTOP_REQUIRES(mutex_);
  void WakeIf(bool needed) {
    if (needed) sleeper_.Wake();
  }

  platform::Mutex mutex_;
  PlannedEnd* first_ HARDSTOP_GUARDED_BY(mutex_) = nullptr;
  uint32_t last_id_ HARDSTOP_GUARDED_BY(mutex_) = 0;
  // When the thread looks again by itself: nothing that is due later needs a Wake().
  platform::Instant next_wake_ HARDSTOP_GUARDED_BY(mutex_) = platform::Instant::min();
  bool is_open_ HARDSTOP_GUARDED_BY(mutex_) = false;
  bool started_ HARDSTOP_GUARDED_BY(mutex_) = false;
  platform::EndSleeper sleeper_;
  // The next two: the thread's alone.
  SharedSnapshot* processes_ = nullptr;
  std::vector<int>* awaited_ = nullptr;

  static Killer instance_;
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_PROCESS_KILLER_H_

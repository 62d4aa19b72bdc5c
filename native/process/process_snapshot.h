#ifndef HARDSTOP_NATIVE_PROCESS_PROCESS_SNAPSHOT_H_
#define HARDSTOP_NATIVE_PROCESS_PROCESS_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "platform/clock.h"
#include "platform/process_list.h"

namespace hardstop {

// All processes of the machine at one time, ordered by id; shared by the trees that are ended at
// that time. On the killer's thread only.
class ProcessSnapshot {
 public:
  static constexpr size_t kNone = SIZE_MAX;

  // Empty where the system does not tell. `is_update`: only the list and what is new in it are
  // read; of the others it says what was so when it was taken last, some ms ago.
  void Take(bool is_update);

  size_t size() const { return list_.entries.size(); }
  const platform::ProcessEntry& operator[](size_t index) const { return list_.entries[index]; }
  // Where the process of that id is, or kNone.
  size_t Find(int32_t pid) const;
  // Whether any process, ended ones that were not reaped included, is in a group or session of
  // that id.
  bool HasGroupOrSession(int32_t id) const;
  // Whether there is a list at all: an empty one may also mean that it was not to be had.
  bool is_there() const { return is_there_; }
  // Whether nobody who is alive is missing, nor has an environment that could not be read yet. To
  // be asked after IsMarked() of all who matter.
  bool is_whole() const { return list_.is_whole; }
  // Whether the process was started with this mark. Its environment is read at most once.
  bool IsMarked(size_t index, const char* mark);

 private:
  // Where the value of the variable with the marks begins in marks_.
  static constexpr size_t kUnread = SIZE_MAX;
  static constexpr size_t kUnmarked = SIZE_MAX - 1;
  void ReadMarks(size_t index);
  void KeepMarks(const platform::ProcessList& earlier, const std::vector<size_t>& marks_of);

  platform::ProcessList list_;
  bool is_there_ = false;
  std::vector<size_t> marks_of_;
  std::vector<char> marks_;
  std::vector<char> environment_;
};

// The list of processes, shared in a round of the killer by those who need not have it anew.
class SharedSnapshot {
 public:
  // What was taken before does not count as taken now.
  void BeginRound() { state_ = State::kOld; }
  // What is so now.
  ProcessSnapshot* Get();
  // It has all that are there now, but some may say what was so shortly before, also that they
  // were alive: for who sees their ends in another way. Far less work, if one was taken then.
  ProcessSnapshot* GetUpdated();
  // How long it took to take the last one.
  platform::Nanoseconds cost() const { return cost_; }

 private:
  // For longer nobody relies on ids not having come round.
  static constexpr platform::Nanoseconds kUpdatedFor = std::chrono::milliseconds(20);
  bool IsReliable() const;
  enum class State { kOld, kUpdated, kNew };

  ProcessSnapshot snapshot_;
  State state_ = State::kOld;
  platform::Instant taken_at_ = platform::Instant::min();
  platform::Nanoseconds cost_{0};
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_PROCESS_PROCESS_SNAPSHOT_H_

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

  // Empty where the system does not tell.
  void Take();

  size_t size() const { return entries_.size(); }
  const platform::ProcessEntry& operator[](size_t index) const { return entries_[index]; }
  // Where the process of that id is, or kNone.
  size_t Find(int32_t pid) const;
  // Whether any process, ended ones that were not reaped included, is in a group or session of
  // that id.
  bool HasGroupOrSession(int32_t id) const;
  // Whether nobody who is alive is missing, nor has an environment that could not be read yet. To
  // be asked after IsMarked() of all who matter.
  bool is_whole() const { return is_whole_; }
  // Whether the process was started with this mark. Its environment is read at most once.
  bool IsMarked(size_t index, const char* mark);

 private:
  // Where the value of the variable with the marks begins in marks_.
  static constexpr size_t kUnread = SIZE_MAX;
  static constexpr size_t kUnmarked = SIZE_MAX - 1;
  void ReadMarks(size_t index);

  bool is_whole_ = false;
  std::vector<platform::ProcessEntry> entries_;
  std::vector<size_t> marks_of_;
  std::vector<char> marks_;
  std::vector<char> environment_;
};

// The list of processes, taken at most once in each round of the killer.
class SharedSnapshot {
 public:
  void BeginRound() { taken_ = false; }
  ProcessSnapshot* Get();
  // How long it took to take the last one.
  platform::Nanoseconds cost() const { return cost_; }

 private:
  ProcessSnapshot snapshot_;
  bool taken_ = false;
  platform::Nanoseconds cost_{0};
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_PROCESS_PROCESS_SNAPSHOT_H_

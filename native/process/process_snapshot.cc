#include "process/process_snapshot.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace hardstop {

using platform::ProcessEntry;

// As src/strategy/process-tree/tree-mark.ts has it: each mark is followed by a semicolon.
constexpr char kVariable[] = "HARDSTOP_TREE";

// The C library's sort, because std::sort is 10 KB of code for each type.
static int ComparePids(const void* a, const void* b) {
  return static_cast<const ProcessEntry*>(a)->pid - static_cast<const ProcessEntry*>(b)->pid;
}

void ProcessSnapshot::Take() {
  platform::ListProcesses(&entries_, &is_whole_);
  qsort(entries_.data(), entries_.size(), sizeof(ProcessEntry), ComparePids);
  marks_of_.assign(entries_.size(), kUnread);
  marks_.clear();
}

size_t ProcessSnapshot::Find(int32_t pid) const {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), pid,
                       [](const ProcessEntry& entry, int32_t id) { return entry.pid < id; });
  if (found == entries_.end() || found->pid != pid) return kNone;
  return static_cast<size_t>(found - entries_.begin());
}

bool ProcessSnapshot::HasGroupOrSession(int32_t id) const {
  return std::any_of(entries_.begin(), entries_.end(), [id](const ProcessEntry& entry) {
    return entry.group == id || entry.session == id;
  });
}

void ProcessSnapshot::ReadMarks(size_t index) {
  const ProcessEntry& process = entries_[index];
  bool is_empty;
  const char* value =
      platform::ReadEnvironmentVariable(process.pid, kVariable, &environment_, &is_empty);
  if (is_empty && process.alive && process.is_program) is_whole_ = false;
  marks_of_[index] = value == nullptr ? kUnmarked : marks_.size();
  if (value != nullptr) marks_.insert(marks_.end(), value, value + strlen(value) + 1);
}

bool ProcessSnapshot::IsMarked(size_t index, const char* mark) {
  if (marks_of_[index] == kUnread) ReadMarks(index);
  if (marks_of_[index] == kUnmarked) return false;
  const char* marks = &marks_[marks_of_[index]];
  // No mark is a part of another: nothing but the semicolon has to be looked for.
  const char* found = strstr(marks, mark);
  return found != nullptr && found[strlen(mark)] == ';';
}

ProcessSnapshot* SharedSnapshot::Get() {
  if (!taken_) {
    const platform::Instant begun = platform::MonotonicClock::now();
    snapshot_.Take();
    cost_ = platform::MonotonicClock::now() - begun;
    taken_ = true;
  }
  return &snapshot_;
}

}  // namespace hardstop

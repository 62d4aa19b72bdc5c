#include "process/process_snapshot.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace hardstop {

using platform::ProcessEntry;

// As src/strategy/process-tree/tree-mark.ts has it: each mark is followed by a semicolon.
constexpr char kVariable[] = "HARDSTOP_TREE";

// The C library's sort, because std::sort is 10 KB of code for each type.
static int ComparePids(const void* a, const void* b) {
  return static_cast<const ProcessEntry*>(a)->pid - static_cast<const ProcessEntry*>(b)->pid;
}

void ProcessSnapshot::Take(bool is_update) {
  platform::ProcessList earlier;
  std::vector<size_t> earlier_marks_of;
  if (is_update) std::swap(earlier, list_);
  std::swap(earlier_marks_of, marks_of_);
  is_there_ = platform::ListProcesses(earlier, &list_);
  if (!is_there_) list_ = platform::ProcessList();
  auto& entries = list_.entries;
  qsort(entries.data(), entries.size(), sizeof(ProcessEntry), ComparePids);
  marks_of_.assign(entries.size(), kUnread);
  if (is_update) {
    KeepMarks(earlier, earlier_marks_of);
  } else {
    marks_.clear();
  }
}

// Both lists are ordered by id.
void ProcessSnapshot::KeepMarks(const platform::ProcessList& earlier,
                                const std::vector<size_t>& marks_of) {
  size_t before = 0;
  for (size_t i = 0; i < size(); ++i) {
    const ProcessEntry& process = list_.entries[i];
    while (before < marks_of.size() && earlier.entries[before].pid < process.pid) ++before;
    if (before == marks_of.size()) return;
    if (earlier.entries[before].IsSameAs(process)) marks_of_[i] = marks_of[before];
  }
}

size_t ProcessSnapshot::Find(int32_t pid) const {
  const auto& entries = list_.entries;
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), pid,
                       [](const ProcessEntry& entry, int32_t id) { return entry.pid < id; });
  if (found == entries.end() || found->pid != pid) return kNone;
  return static_cast<size_t>(found - entries.begin());
}

bool ProcessSnapshot::HasGroupOrSession(int32_t id) const {
  const auto& entries = list_.entries;
  return std::any_of(entries.begin(), entries.end(), [id](const ProcessEntry& entry) {
    return entry.group == id || entry.session == id;
  });
}

void ProcessSnapshot::ReadMarks(size_t index) {
  const ProcessEntry& process = list_.entries[index];
  bool is_unknown;
  const char* value =
      platform::ReadEnvironmentVariable(process.pid, kVariable, &environment_, &is_unknown);
  if (is_unknown && process.alive && process.is_program) list_.is_whole = false;
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
  if (state_ != State::kNew) {
    taken_at_ = platform::MonotonicClock::now();
    snapshot_.Take(false);
    cost_ = platform::MonotonicClock::now() - taken_at_;
    state_ = State::kNew;
  }
  return &snapshot_;
}

bool SharedSnapshot::IsReliable() const {
  return snapshot_.is_whole() && platform::MonotonicClock::now() - taken_at_ < kUpdatedFor;
}

ProcessSnapshot* SharedSnapshot::GetUpdated() {
  if (state_ != State::kOld) return &snapshot_;
  if (!IsReliable()) return Get();
  snapshot_.Take(true);
  // The thread may not have run for long meanwhile, or ids have come that were not expected.
  if (!IsReliable()) return Get();
  state_ = State::kUpdated;
  return &snapshot_;
}

}  // namespace hardstop

// g++ -std=c++17 -Inative native/test/deadline_heap_test.cc native/deadline_heap.cc -o
// /tmp/deadline_heap_test && /tmp/deadline_heap_test

#include "deadline_heap.h"

#include <cstddef>
#include <cstdint>

#include "test/check.h"

namespace {

using hardstop::DeadlineEntry;
using hardstop::DeadlineHeap;
using hardstop::platform::Instant;
using hardstop::platform::Nanoseconds;

constexpr Instant At(int64_t ns) { return Instant(Nanoseconds(ns)); }

// A heap that is emptied at the end of the test, as the one of the process never is.
struct ScopedHeap {
  ~ScopedHeap() { heap.Clear(); }
  DeadlineHeap heap;
};

// A fixed sequence of pseudo-random numbers: the tests must pass or fail for everybody alike.
class Sequence {
 public:
  uint32_t Below(uint32_t bound) {
    state_ = state_ * 1664525u + 1013904223u;
    return (state_ >> 8) % bound;
  }

 private:
  uint32_t state_ = 4242;
};

void Set(DeadlineEntry* entry, int64_t due, int32_t depth) {
  entry->due = At(due);
  entry->depth = depth;
}

bool IsBefore(const DeadlineEntry& a, const DeadlineEntry& b) {
  return a.due < b.due || (a.due == b.due && a.depth < b.depth);
}

TEST(AnEmptyHeapHasNoEarliest) {
  DeadlineHeap heap;
  CHECK(heap.Earliest() == nullptr);
  CHECK(heap.size() == 0);
  heap.Clear();
}

TEST(TheEarliestComesFirst) {
  ScopedHeap scoped;
  DeadlineEntry entries[3];
  Set(&entries[0], 30, 1);
  Set(&entries[1], 10, 1);
  Set(&entries[2], 20, 1);
  for (DeadlineEntry& entry : entries) CHECK(scoped.heap.Insert(&entry));
  CHECK(scoped.heap.Earliest() == &entries[1]);
  scoped.heap.Remove(&entries[1]);
  CHECK(scoped.heap.Earliest() == &entries[2]);
  scoped.heap.Remove(&entries[2]);
  CHECK(scoped.heap.Earliest() == &entries[0]);
}

TEST(OfEqualDeadlinesTheOutermostComesFirst) {
  for (int rotation = 0; rotation < 4; ++rotation) {
    ScopedHeap scoped;
    DeadlineEntry entries[4];
    for (int i = 0; i < 4; ++i) {
      const int place = (i + rotation) % 4;
      Set(&entries[place], 10, place + 1);
      CHECK(scoped.heap.Insert(&entries[place]));
    }
    for (DeadlineEntry& entry : entries) {
      CHECK(scoped.heap.Earliest() == &entry);
      scoped.heap.Remove(&entry);
    }
  }
}

TEST(TheFarthestInstantsAreInOrder) {
  ScopedHeap scoped;
  DeadlineEntry never;
  DeadlineEntry past;
  never.due = Instant::max();
  past.due = Instant::min();
  CHECK(scoped.heap.Insert(&never) && scoped.heap.Insert(&past));
  CHECK(scoped.heap.Earliest() == &past);
}

TEST(AnEntryKnowsWhetherItIsQueued) {
  ScopedHeap scoped;
  DeadlineEntry entry;
  CHECK(entry.heap_index == DeadlineEntry::kNotQueued);
  CHECK(scoped.heap.Insert(&entry));
  CHECK(entry.heap_index != DeadlineEntry::kNotQueued);
  scoped.heap.Remove(&entry);
  CHECK(entry.heap_index == DeadlineEntry::kNotQueued);
}

TEST(RemovingWhatIsNotQueuedDoesNothing) {
  ScopedHeap scoped;
  DeadlineEntry queued;
  DeadlineEntry stranger;
  CHECK(scoped.heap.Insert(&queued));
  scoped.heap.Remove(&stranger);
  scoped.heap.Remove(&stranger);
  CHECK(scoped.heap.size() == 1 && scoped.heap.Earliest() == &queued);
}

TEST(AnUpdatedEntryMovesInBothDirections) {
  ScopedHeap scoped;
  DeadlineEntry entries[10];
  for (int i = 0; i < 10; ++i) {
    Set(&entries[i], i * 10, 1);
    CHECK(scoped.heap.Insert(&entries[i]));
  }
  entries[9].due = At(-1);
  scoped.heap.Update(&entries[9]);
  CHECK(scoped.heap.Earliest() == &entries[9]);
  entries[9].due = Instant::max();
  scoped.heap.Update(&entries[9]);
  CHECK(scoped.heap.Earliest() == &entries[0]);
  scoped.heap.Update(&entries[0]);
  CHECK(scoped.heap.Earliest() == &entries[0]);
}

TEST(ClearForgetsAllEntries) {
  DeadlineHeap heap;
  DeadlineEntry entries[100];
  for (DeadlineEntry& entry : entries) CHECK(heap.Insert(&entry));
  heap.Clear();
  CHECK(heap.size() == 0 && heap.Earliest() == nullptr);
  for (DeadlineEntry& entry : entries) CHECK(entry.heap_index == DeadlineEntry::kNotQueued);
  CHECK(heap.Insert(&entries[0]));
  heap.Clear();
}

TEST(AMillionRandomStepsAgreeWithASearch) {
  constexpr size_t kEntries = 200;
  ScopedHeap scoped;
  static DeadlineEntry entries[kEntries];
  Sequence sequence;
  for (int step = 0; step < 1'000'000; ++step) {
    DeadlineEntry& entry = entries[sequence.Below(kEntries)];
    const bool queued = entry.heap_index != DeadlineEntry::kNotQueued;
    if (!queued) {
      // Few instants, so that many are equal.
      Set(&entry, sequence.Below(50), static_cast<int32_t>(sequence.Below(1000)));
      CHECK(scoped.heap.Insert(&entry));
    } else if (sequence.Below(2) == 0) {
      scoped.heap.Remove(&entry);
    } else {
      entry.due = At(sequence.Below(50));
      scoped.heap.Update(&entry);
    }
    if (step % 100 != 0) continue;
    size_t count = 0;
    const DeadlineEntry* earliest = nullptr;
    for (const DeadlineEntry& other : entries) {
      if (other.heap_index == DeadlineEntry::kNotQueued) continue;
      ++count;
      if (earliest == nullptr || IsBefore(other, *earliest)) earliest = &other;
    }
    CHECK(scoped.heap.size() == count);
    const DeadlineEntry* first = scoped.heap.Earliest();
    CHECK((first == nullptr) == (earliest == nullptr));
    if (first != nullptr) CHECK(!IsBefore(*earliest, *first));
  }
}

TEST(TenThousandEntriesComeOutInOrder) {
  constexpr size_t kEntries = 10'000;
  ScopedHeap scoped;
  static DeadlineEntry entries[kEntries];
  Sequence sequence;
  for (DeadlineEntry& entry : entries) {
    Set(&entry, sequence.Below(1'000'000), 1);
    CHECK(scoped.heap.Insert(&entry));
  }
  Instant last = Instant::min();
  while (scoped.heap.size() > 0) {
    DeadlineEntry* entry = scoped.heap.Earliest();
    CHECK(entry->due >= last);
    last = entry->due;
    scoped.heap.Remove(entry);
  }
}

}  // namespace

int main() { return hardstop::test::RunTests(); }

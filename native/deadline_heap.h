#ifndef HARDSTOP_NATIVE_DEADLINE_HEAP_H_
#define HARDSTOP_NATIVE_DEADLINE_HEAP_H_

#include <cstddef>
#include <cstdint>

#include "platform/clock.h"

namespace hardstop {

// What can wait in the heap.
struct DeadlineEntry {
  static constexpr size_t kNotQueued = SIZE_MAX;
  // For its owner, who knows what each kind is a part of; the heap does not ask.
  enum class Kind : int32_t { kFrame, kWakeable };

  constexpr DeadlineEntry() = default;
  constexpr DeadlineEntry(Kind its_kind, int32_t its_depth) : depth(its_depth), kind(its_kind) {}

  // When it is due, and how far outside it is among entries that are due at the
  // same time. Not to be changed behind the heap's back while queued.
  platform::Instant due;
  int32_t depth = 0;
  Kind kind = Kind::kFrame;
  // Its place; the heap's own.
  size_t heap_index = kNotQueued;
};

// The entries that wait for an instant, earliest first; of equal ones the
// outermost. A binary heap of pointers: each entry knows its own place, which
// makes removal from the middle logarithmic too. Not synchronised: its owner's
// mutex guards it and every entry in it.
class DeadlineHeap {
 public:
  constexpr DeadlineHeap() = default;
  DeadlineHeap(const DeadlineHeap&) = delete;
  DeadlineHeap& operator=(const DeadlineHeap&) = delete;
  // Trivial on purpose: the one heap of the process is never destroyed, so that
  // exiting has nothing to wait for. Tests call Clear().
  ~DeadlineHeap() = default;

  size_t size() const { return size_; }
  // The entry that is due first, or nullptr.
  DeadlineEntry* Earliest() const { return size_ == 0 ? nullptr : entries_[0]; }

  // Queues an entry by its `due`. Returns false, and queues nothing, when there
  // is no memory for it.
  bool Insert(DeadlineEntry* entry);
  // Takes an entry out; one that is not queued stays so.
  void Remove(DeadlineEntry* entry);
  // To be called after `due` of a queued entry has changed.
  void Update(DeadlineEntry* entry);
  // Forgets all entries and frees the memory.
  void Clear();

 private:
  static bool Before(const DeadlineEntry* a, const DeadlineEntry* b);
  void Place(DeadlineEntry* entry, size_t index);
  void SiftUp(size_t index);
  void SiftDown(size_t index);

  DeadlineEntry** entries_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_DEADLINE_HEAP_H_

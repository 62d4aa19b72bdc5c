#include "deadline_heap.h"

#include <cstdlib>

namespace hardstop {

bool DeadlineHeap::Before(const DeadlineEntry* a, const DeadlineEntry* b) {
  return a->due != b->due ? a->due < b->due : a->depth < b->depth;
}

void DeadlineHeap::Place(DeadlineEntry* entry, size_t index) {
  entries_[index] = entry;
  entry->heap_index = index;
}

bool DeadlineHeap::Insert(DeadlineEntry* entry) {
  if (size_ == capacity_) {
    const size_t capacity = capacity_ == 0 ? 64 : capacity_ * 2;
    void* grown = realloc(entries_, capacity * sizeof(DeadlineEntry*));
    if (grown == nullptr) return false;
    entries_ = static_cast<DeadlineEntry**>(grown);
    capacity_ = capacity;
  }
  Place(entry, size_++);
  SiftUp(entry->heap_index);
  return true;
}

void DeadlineHeap::Remove(DeadlineEntry* entry) {
  const size_t index = entry->heap_index;
  if (index == DeadlineEntry::kNotQueued) return;
  entry->heap_index = DeadlineEntry::kNotQueued;
  DeadlineEntry* last = entries_[--size_];
  if (last == entry) return;
  Place(last, index);
  Update(last);
}

void DeadlineHeap::Update(DeadlineEntry* entry) {
  SiftUp(entry->heap_index);
  SiftDown(entry->heap_index);
}

void DeadlineHeap::Clear() {
  for (size_t i = 0; i < size_; i++) entries_[i]->heap_index = DeadlineEntry::kNotQueued;
  free(entries_);
  entries_ = nullptr;
  size_ = 0;
  capacity_ = 0;
}

void DeadlineHeap::SiftUp(size_t index) {
  DeadlineEntry* entry = entries_[index];
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (!Before(entry, entries_[parent])) break;
    Place(entries_[parent], index);
    index = parent;
  }
  Place(entry, index);
}

void DeadlineHeap::SiftDown(size_t index) {
  DeadlineEntry* entry = entries_[index];
  while (true) {
    size_t child = 2 * index + 1;
    if (child >= size_) break;
    if (child + 1 < size_ && Before(entries_[child + 1], entries_[child])) child++;
    if (!Before(entries_[child], entry)) break;
    Place(entries_[child], index);
    index = child;
  }
  Place(entry, index);
}

}  // namespace hardstop

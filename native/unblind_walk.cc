#include "unblind_walk.h"

#include "platform/own_memory.h"

namespace hardstop {
namespace {

// The loop's function is in the innermost frame, or a few further up while a
// built-in that it called runs.
constexpr int kFramesToVisit = 8;

constexpr uintptr_t kWord = sizeof(uintptr_t);

template <typename Value>
bool Read(uintptr_t address, Value* value) {
  return platform::ReadOwnMemory(address, value, sizeof *value);
}

bool IsHeapObject(uintptr_t tagged) {
  return (tagged & kHeapObjectTagMask) == kHeapObjectTag && tagged > 4096;
}

uintptr_t Untag(uintptr_t tagged) { return tagged - kHeapObjectTag; }

// The address of a heap object's map, or 0. During a collection the map word of an
// object that has moved holds its new address without a tag: that fails here.
uintptr_t MapOf(const EngineLayout& layout, uintptr_t tagged) {
  uintptr_t map = 0;
  if (!IsHeapObject(tagged) ||
      !Read(Untag(tagged) + static_cast<uintptr_t>(layout.object_map), &map) ||
      !IsHeapObject(map)) {
    return 0;
  }
  return map;
}

// Whether `tagged` is an object whose map has a type in [first, last] and is itself
// an object whose map says that it is a map.
bool HasType(const EngineLayout& layout, uintptr_t tagged, uint16_t first, uint16_t last) {
  const auto type_offset = static_cast<uintptr_t>(layout.map_instance_type);
  const uintptr_t map = MapOf(layout, tagged);
  uint16_t type = 0;
  if (map == 0 || !Read(Untag(map) + type_offset, &type) || type < first || type > last) {
    return false;
  }
  const uintptr_t map_of_map = MapOf(layout, map);
  return map_of_map != 0 && Read(Untag(map_of_map) + type_offset, &type) && type == layout.map_type;
}

// Whether a frame pointer lies where a caller's frame can be, with room for the two
// words that it points to.
bool IsFrame(const StuckThread& thread, uintptr_t fp, uintptr_t above) {
  return fp % kWord == 0 && fp >= above && fp >= thread.stack.low &&
         fp <= thread.stack.high - 2 * kWord;
}

// A slot of a frame, at a negative offset from its frame pointer.
uintptr_t SlotAddress(uintptr_t fp, int32_t offset) {
  return fp + static_cast<uintptr_t>(static_cast<intptr_t>(offset));
}

// The tagged function of the frame at `fp`, or 0. In the frame of a JavaScript
// function one slot holds its context, an object; the other kinds of frames have a
// small integer there. Slots below `above` do not exist yet, or no more: the thread
// was stopped while it built or left that frame, and what is there is stale.
uintptr_t FunctionOfFrame(const EngineLayout& layout, uintptr_t fp, uintptr_t above) {
  const uintptr_t context_slot = SlotAddress(fp, layout.frame_context);
  const uintptr_t function_slot = SlotAddress(fp, layout.frame_function);
  uintptr_t context = 0;
  uintptr_t function = 0;
  if (context_slot < above || function_slot < above || !Read(context_slot, &context) ||
      !IsHeapObject(context) || !Read(function_slot, &function) || !IsHeapObject(function)) {
    return 0;
  }
  return function;
}

}  // namespace

uintptr_t FeedbackCellOf(const EngineLayout& layout, uintptr_t tagged) {
  uintptr_t cell = 0;
  if (!HasType(layout, tagged, layout.first_function_type, layout.last_function_type) ||
      !Read(Untag(tagged) + static_cast<uintptr_t>(layout.function_feedback_cell), &cell) ||
      !HasType(layout, cell, layout.feedback_cell_type, layout.feedback_cell_type)) {
    return 0;
  }
  return Untag(cell);
}

Finding CureBlindLoop(const EngineLayout& layout, const StuckThread& thread,
                      const platform::MachineContext& context, uintptr_t* function) {
  if (function != nullptr) *function = 0;
  if (thread.stack.high == 0 || !thread.IsEngineCode(context.pc)) return Finding::kElsewhere;

  Finding finding = Finding::kElsewhere;
  uintptr_t fp = context.fp;
  uintptr_t above = context.sp;
  for (int visited = 0; visited < kFramesToVisit && IsFrame(thread, fp, above); visited++) {
    uintptr_t links[2] = {0, 0};  // the caller's frame pointer; the return address
    if (!Read(fp, &links)) break;
    if (finding == Finding::kElsewhere) finding = Finding::kNoFunction;

    const uintptr_t frame_function = FunctionOfFrame(layout, fp, above);
    const uintptr_t cell = FeedbackCellOf(layout, frame_function);
    int32_t budget = 0;
    const uintptr_t budget_address = cell + static_cast<uintptr_t>(layout.cell_budget);
    if (cell != 0 && Read(budget_address, &budget)) {
      if (function != nullptr && *function == 0) *function = frame_function;
      if (finding == Finding::kNoFunction) finding = Finding::kNotBlind;
      if (budget > 0) {
        constexpr int32_t kUsedUp = 0;
        if (platform::WriteOwnMemory(budget_address, &kUsedUp, sizeof kUsedUp)) {
          finding = Finding::kCured;
        } else if (finding != Finding::kCured) {
          finding = Finding::kRefused;
        }
      }
    }

    // The caller is of interest only while it is the engine's code as well.
    if (!thread.IsEngineCode(links[1])) break;
    above = fp + 2 * kWord;
    fp = links[0];
  }
  return finding;
}

}  // namespace hardstop

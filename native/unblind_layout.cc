#include "unblind_layout.h"

#include <cstddef>

#include "platform/host_symbol.h"

namespace hardstop {
namespace {

// The constants are plain ints with C names, the same in every ABI.
bool Read(const char* name, int32_t* value) {
  const void* const variable = platform::FindHostSymbol({name, name});
  if (variable == nullptr) return false;
  *value = *static_cast<const int32_t*>(variable);
  return true;
}

// The names carry the field's C++ type, which changed its spelling over time.
bool ReadEither(const char* newer, const char* older, int32_t* value) {
  return Read(newer, value) || Read(older, value);
}

bool Is(const char* name, int32_t expected) {
  int32_t value = 0;
  return Read(name, &value) && value == expected;
}

bool IsFieldOffset(int32_t offset) {
  return offset >= 0 && offset <= 256 && offset % static_cast<int32_t>(sizeof(void*)) == 0;
}

bool IsFrameOffset(int32_t offset) {
  return offset < 0 && offset >= -64 && offset % static_cast<int32_t>(sizeof(void*)) == 0;
}

bool IsInstanceType(int32_t type) { return type > 0 && type <= UINT16_MAX; }

}  // namespace

const char* EngineLayout::Load() {
  if (sizeof(void*) != 8) return "not a 64-bit process";

  // Whole, uncompressed pointers; tags as in kHeapObjectTag and kSmiTagMask.
  if (!Is("v8dbg_TaggedSize", 8) || !Is("v8dbg_SmiShiftSize", 31) ||
      !Is("v8dbg_SmiValueShift", 1) || !Is("v8dbg_SmiTag", 0) ||
      !Is("v8dbg_SmiTagMask", static_cast<int32_t>(kSmiTagMask)) ||
      !Is("v8dbg_HeapObjectTag", static_cast<int32_t>(kHeapObjectTag)) ||
      !Is("v8dbg_HeapObjectTagMask", static_cast<int32_t>(kHeapObjectTagMask))) {
    return "the engine publishes no layout, or one with compressed pointers";
  }

  if (!Read("v8dbg_off_fp_function", &frame_function) || !IsFrameOffset(frame_function) ||
      !Read("v8dbg_off_fp_context_or_frame_type", &frame_context) ||
      !IsFrameOffset(frame_context) || frame_context == frame_function) {
    return "the engine does not publish its frame layout";
  }

  int32_t cell_value = 0;
  if (!Read("v8dbg_class_HeapObject__map__Map", &object_map) || object_map != 0 ||
      !Read("v8dbg_class_Map__instance_type__uint16_t", &map_instance_type) ||
      map_instance_type <= 0 || map_instance_type > 64 || map_instance_type % 2 != 0 ||
      !ReadEither("v8dbg_class_JSFunction__raw_feedback_cell__Tagged_FeedbackCell_",
                  "v8dbg_class_JSFunction__raw_feedback_cell__FeedbackCell",
                  &function_feedback_cell) ||
      !IsFieldOffset(function_feedback_cell) || function_feedback_cell == 0 ||
      !ReadEither("v8dbg_class_FeedbackCell__value__Tagged_HeapObject_",
                  "v8dbg_class_FeedbackCell__value__HeapObject", &cell_value) ||
      !IsFieldOffset(cell_value) || cell_value == 0) {
    return "the engine does not publish its object layout";
  }
  cell_published_end = cell_value + 8;
  cell_budget = 0;

  int32_t map = 0;
  int32_t function = 0;
  int32_t cell = 0;
  if (!Read("v8dbg_type_Map__MAP_TYPE", &map) || !IsInstanceType(map) ||
      !Read("v8dbg_type_JSFunction__JS_FUNCTION_TYPE", &function) || !IsInstanceType(function) ||
      !Read("v8dbg_type_FeedbackCell__FEEDBACK_CELL_TYPE", &cell) || !IsInstanceType(cell) ||
      map == function || map == cell || function == cell) {
    return "the engine does not publish its instance types";
  }

  // Newer engines have a range of function types (class constructors and the
  // constructors of built-in classes are types of their own). Where the range is
  // not published, only plain functions are recognised.
  int32_t first = function;
  int32_t last = function;
  if (Read("v8dbg_FirstJSFunctionType", &first) != Read("v8dbg_LastJSFunctionType", &last) ||
      first > function || last < function || last - first > 64 || (map >= first && map <= last) ||
      (cell >= first && cell <= last)) {
    return "the engine's function types contradict each other";
  }

  map_type = static_cast<uint16_t>(map);
  first_function_type = static_cast<uint16_t>(first);
  last_function_type = static_cast<uint16_t>(last);
  feedback_cell_type = static_cast<uint16_t>(cell);
  return nullptr;
}

}  // namespace hardstop

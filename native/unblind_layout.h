#ifndef HARDSTOP_NATIVE_UNBLIND_LAYOUT_H_
#define HARDSTOP_NATIVE_UNBLIND_LAYOUT_H_

#include <cstdint>

namespace hardstop {

// How this engine lays out what the cure has to read, as it publishes it for
// post-mortem debuggers (variables named v8dbg_*). Offsets are in bytes from the
// start of an object, or from the frame pointer.
struct EngineLayout {
  int32_t frame_function;
  int32_t frame_context;
  int32_t object_map;
  int32_t map_instance_type;
  int32_t function_feedback_cell;

  uint16_t map_type;
  uint16_t first_function_type;
  uint16_t last_function_type;
  uint16_t feedback_cell_type;

  // Not published: found by calibration. 0 until then.
  int32_t cell_budget;
  // The end of what the engine publishes of a cell: calibration searches from here.
  int32_t cell_published_end;

  // Fills in all that is published. Returns why not, or nullptr. Any thread.
  const char* Load();
};

// V8 marks a pointer to a heap object by 01 in its lowest bits and a small integer
// by 0 in the lowest; Load() has checked that the engine says the same.
constexpr uintptr_t kHeapObjectTag = 1;
constexpr uintptr_t kHeapObjectTagMask = 3;
constexpr uintptr_t kSmiTagMask = 1;

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_UNBLIND_LAYOUT_H_

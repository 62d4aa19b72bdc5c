#ifndef HARDSTOP_NATIVE_UNBLIND_WALK_H_
#define HARDSTOP_NATIVE_UNBLIND_WALK_H_

#include <cstddef>
#include <cstdint>

#include "platform/directed_signal.h"
#include "platform/stack_bounds.h"
#include "unblind_layout.h"

namespace hardstop {

// Everything here is async-signal-safe: it reads and writes foreign memory only
// through platform/own_memory.h and touches nothing else but its arguments.

// A piece of address space that holds code: [start, start + size).
struct CodeRange {
  uintptr_t start = 0;
  size_t size = 0;

  bool Contains(uintptr_t address) const { return address - start < size; }
};

// What belongs to one isolate and its thread.
struct StuckThread {
  CodeRange heap_code;      // code made by this isolate's compilers
  CodeRange embedded_code;  // the engine's own built-ins and bytecode handlers
  platform::StackBounds stack;

  bool IsEngineCode(uintptr_t pc) const {
    return heap_code.Contains(pc) || embedded_code.Contains(pc);
  }
};

enum class Finding {
  kElsewhere,   // not in the engine's code, or without a frame on the stack
  kNoFunction,  // no frame holds what is provably a function with a feedback cell
  kNotBlind,    // every budget found was used up
  kCured,       // at least one budget was set to 0
  kRefused,     // the memory could not be written
};

// Looks at the innermost frames of a thread that is stopped, and sets the interrupt
// budget of each function found to 0 where it is above. However small: an iteration
// that sorts an array can take a millisecond, and V8 gives a function some ten
// thousand of them. `function`, if not null, receives the innermost function found
// (a tagged pointer), else 0.
Finding CureBlindLoop(const EngineLayout& layout, const StuckThread& thread,
                      const platform::MachineContext& context, uintptr_t* function);

// The feedback cell of what `tagged` points to (address, without tag), or 0 unless
// that is provably a function with such a cell.
uintptr_t FeedbackCellOf(const EngineLayout& layout, uintptr_t tagged);

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_UNBLIND_WALK_H_

#ifndef HARDSTOP_NATIVE_UNBLIND_CALIBRATION_H_
#define HARDSTOP_NATIVE_UNBLIND_CALIBRATION_H_

#include <node_api.h>

#include "unblind_layout.h"

namespace hardstop {

// Both run a small loop of JavaScript in `env` and leave no exception behind. Each
// returns why the cure must stay off, or nullptr.

// Finds where a feedback cell keeps its interrupt budget: runs the loop with
// different numbers of turns and looks which word of its function's cell falls by
// the same amount for each. Sets layout->cell_budget.
const char* CalibrateBudget(napi_env env, EngineLayout* layout);

// Blinds the loop by a budget of 2^30, requests an interrupt, and has this thread
// stopped from outside: the loop must then take the interrupt. `slot` is the thread's own;
// `cured_function` tells which function the handler found in the stuck frame, so
// that it can be compared with the loop's.
struct SelfTest {
  void* isolate;
  uint32_t slot;
  const EngineLayout* layout;
  uintptr_t (*cured_function)();
};
const char* TestCure(napi_env env, const SelfTest& test);

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_UNBLIND_CALIBRATION_H_

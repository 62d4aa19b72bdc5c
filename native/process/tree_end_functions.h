#ifndef HARDSTOP_NATIVE_PROCESS_TREE_END_FUNCTIONS_H_
#define HARDSTOP_NATIVE_PROCESS_TREE_END_FUNCTIONS_H_

#include <node_api.h>

#include "platform/clock.h"

namespace hardstop {

// An object with the functions that plan ends of process trees (`NativeTreeEnds` in
// src/native/binding.ts), or nullptr where processes cannot be listed. `on_over` is called on the
// loop with each report. `time_origin` is where performance.now() is 0.
napi_value OpenTreeEnds(napi_env env, platform::Instant time_origin, napi_value on_over);

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_PROCESS_TREE_END_FUNCTIONS_H_

#ifndef HARDSTOP_NATIVE_GUARD_H_
#define HARDSTOP_NATIVE_GUARD_H_

#include <node_api.h>

#include "env_state.h"
#include "platform/clock.h"

namespace hardstop {

// The limits of one run. Instant::max() and Nanoseconds::max() stand for none.
struct Limits {
  platform::Instant soft_deadline;
  platform::Instant hard_deadline;
  platform::Nanoseconds grace;
  platform::Nanoseconds cpu_limit;
};

// Calls work(argument) in a native frame under `limits` and decides the outcome
// by the clock. Returns its value; or the stopped sentinel, after which
// state->last_stop tells how; or nullptr with an exception (the work's own) or a
// termination (not ours to stop) under way.
napi_value RunGuarded(EnvState* state, napi_value work, napi_value argument, const Limits& limits);

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_GUARD_H_

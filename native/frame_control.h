#ifndef NATIVE_FRAME_CONTROL_H_
#define NATIVE_FRAME_CONTROL_H_

#include <cstdint>

#include "env_state.h"
#include "platform/clock.h"

namespace hardstop {

// What JavaScript may do to a frame while it is live. All of it is called on the
// thread of `state`, without Watchdog::mutex().

// Moves the deadline of the frame of that depth. False: it has struck already, or
// there is no such frame.
bool RescheduleFrame(EnvState* state, int32_t depth, platform::Instant deadline,
                     platform::Nanoseconds grace);

// Drops the limits of the frame of that depth, also where force is under way.
void CancelFrame(EnvState* state, int32_t depth);

// Opens (+1) or closes (-1) a shield in the innermost frame. What was held off by
// it strikes from here.
void ShieldFrames(EnvState* state, int32_t change);

// What RaiseInThread found. Mirrored by src/native/binding.ts.
enum class RaiseResult : int32_t { kUnknownThread = -1, kNoScope = 0, kDelivered = 1 };

// Ends the frame of that depth in a thread (0: the innermost one) with `error`,
// which it takes over. In one's own thread it strikes from here.
RaiseResult RaiseInThread(EnvState* state, int32_t thread_id, int32_t depth, RaisedError error);

}  // namespace hardstop

#endif  // NATIVE_FRAME_CONTROL_H_

#ifndef HARDSTOP_NATIVE_FRAME_CONTROL_H_
#define HARDSTOP_NATIVE_FRAME_CONTROL_H_

#include <cstdint>

#include "env_state.h"
#include "platform/clock.h"

namespace hardstop {

// What JavaScript may do to a frame while it is live. All of it is called on the
// thread of `state`, where there is one, without Watchdog::mutex().

// Moves the deadline of the frame of that depth. False: it has struck already, or
// there is no such frame.
bool RescheduleFrame(EnvState* state, int32_t depth, platform::Instant deadline,
                     platform::Nanoseconds grace);

// Moves what frames of that thread follow, of another thread than the caller's as a rule.
// False, and nothing is moved: one of them has struck already.
bool MoveFollowed(int32_t thread_id, platform::Instant deadline, platform::Instant hard_deadline);

// Drops the limits of the frame of that depth, also where force is under way.
void CancelFrame(EnvState* state, int32_t depth);

// Calls work() with a shield open in the innermost frame, and closes it however that
// ends, also by a termination that is not ours to stop. What was held off strikes
// from here. Returns the work's value, or nullptr when the thread is unwinding.
napi_value RunShielded(EnvState* state, napi_value work);

// What RaiseInThread found. Mirrored by src/native/binding.ts.
enum class RaiseResult : int32_t { kUnknownThread = -1, kNoScope = 0, kDelivered = 1 };

// Ends the frame of that depth in a thread (0: the innermost one) with `error`,
// which it takes over. In one's own thread it strikes from here.
RaiseResult RaiseInThread(EnvState* state, int32_t thread_id, int32_t depth, RaisedError error);

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_FRAME_CONTROL_H_

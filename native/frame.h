#ifndef HARDSTOP_NATIVE_FRAME_H_
#define HARDSTOP_NATIVE_FRAME_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>

#include "deadline_heap.h"
#include "platform/clock.h"

namespace hardstop {

class EnvState;
class StoppableThread;

// Bytes that another thread sent with asyncRaise: a serialised error. Owned by
// whoever holds the pointer; malloc'ed, because it crosses environments.
struct RaisedError {
  uint8_t* bytes;
  size_t length;
};

// One native frame around a piece of work. It lives on the C++ stack of the
// thread that runs the work, between Push and Pop of its EnvState; the watchdog
// reaches it only in between.
//
// Everything but the constants is guarded by Watchdog::mutex().
//
// As an entry of the heap: `due` is when the watchdog looks at this frame next,
// `depth` (from 1) is constant from Push to Pop.
struct Frame : DeadlineEntry {
  // Constant from Push to Pop.
  EnvState* env = nullptr;
  StoppableThread* env_thread = nullptr;  // the same object, as the watchdog sees it
  Frame* enclosing = nullptr;
  bool exact_place = false;  // its stop is not announced: the work goes on after that

  // The limits. Instant::max() and Nanoseconds::max() stand for none.
  platform::Instant soft_deadline;
  platform::Instant hard_deadline;
  platform::Nanoseconds grace{0};  // from the soft to the hard stop
  platform::Nanoseconds cpu_limit = platform::Nanoseconds::max();
  platform::Nanoseconds cpu_at_start{0};

  // Among its limits are some that another thread may move; these are the others.
  bool follows = false;
  platform::Instant others_soft;
  platform::Instant others_hard;

  bool soft_struck = false;      // the soft deadline has passed
  bool cpu_struck = false;       // it was the CPU limit that struck
  bool announced = false;        // an interrupt was requested just ahead of the deadline
  bool fired = false;            // force is to be used until the frame has unwound
  bool raised = false;           // asyncRaise ends it; implies fired
  bool interrupt_taken = false;  // the engine has run our callback for it
  bool kicked = false;           // a directed signal was sent on its behalf
  platform::Instant fired_at;
  platform::Nanoseconds cpu_at_fire{0};
  uint32_t escalations = 0;
  RaisedError raised_error{nullptr, 0};

  // Shields that are open directly in this frame's work.
  uint32_t shields = 0;

  // `stuck` was taken for a deadline that was moved then, by a thread that cannot drop it.
  bool stuck_is_stale = false;
  // Owner's thread only: the Error that shows where the work was stuck.
  napi_ref stuck = nullptr;
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_FRAME_H_

#ifndef HARDSTOP_NATIVE_UNBLIND_H_
#define HARDSTOP_NATIVE_UNBLIND_H_

#include <node_api.h>

#include <cstdint>

#include "platform/clock.h"

namespace hardstop {

// The cure for the blind loop: a warm function that is stuck in a loop without
// calls looks at V8's stack guard only when the interrupt budget of its feedback
// cell is used up, and while the function is being optimised that budget is 2^30.
// A kick stops the stuck thread for some microseconds and sets that budget to 0,
// so that the loop takes its interrupt at the next turn.
//
// The only unit that knows V8's object layout, all of it read from what the
// engine publishes about itself and proved on the running engine. The argument
// why it is sound is in docs/architecture.md.
//
// State is process-wide, static and never destroyed.
class Unblind {
 public:
  // Names one prepared thread.
  using Slot = uint32_t;
  static constexpr Slot kNoSlot = UINT32_MAX;

  // How the cure stands in this process.
  struct Status {
    bool ready;          // kicks cure blind loops
    const char* reason;  // why not; nullptr when ready. A literal.
  };

  struct Counters {
    uint64_t kicks;        // signals sent
    uint64_t seen;         // handled on, or for, the stuck thread
    uint64_t elsewhere;    // it was not in code made from JavaScript
    uint64_t no_function;  // no JavaScript frame could be verified
    uint64_t not_blind;    // frames verified, but every budget was used up already
    uint64_t cured;        // a budget was set to 0
    uint64_t refused;      // the memory could not be written
  };

  // Once per process, on a thread that may run JavaScript, early: takes over the
  // directed signal, finds the engine's layout, calibrates and tests the cure
  // (about 0.5 ms). Later calls return at once. Never throws into JavaScript;
  // on any doubt the cure stays off and status() says why. Needs
  // Interrupter::Load() to have succeeded.
  static void Calibrate(napi_env env);

  static Status status();

  // Directed signals may work where the cure does not (then they only end
  // blocking reads): the number, or 0 when off.
  static int SignalNumber();

  // On an isolate's own thread, before the first Kick() for it: makes the thread
  // reachable. kNoSlot when neither signals nor slots are to be had.
  static Slot PrepareThread(void* isolate);

  // On that same thread. No Kick() may run at the same time or afterwards (the
  // caller's mutex sees to it).
  static void ReleaseThread(Slot slot);

  // Watchdog's thread: asks the thread to look at its loop, and makes a blocking
  // read return. False when nothing was sent. Takes no lock of ours; the caller
  // holds the mutex that ReleaseThread's caller holds too.
  static bool Kick(Slot slot);

  // On the slot's own thread, when no further Kick() can come for the frame that
  // was stopped: waits (microseconds) until every kick sent has been seen, so
  // that none can interrupt a system call of innocent code.
  static void AwaitKicks(Slot slot);

  // How long to wait before the `n`th kick (0 = the first) for one frame, counted
  // from the one before, or from the interrupt request.
  static platform::Nanoseconds KickDelay(uint32_t n);

  // Where the latest kick of this slot found its thread. kUnknown until one has, and
  // again after AwaitKicks().
  enum class Seen { kUnknown, kJavaScript, kElsewhere };
  static Seen LastSeen(Slot slot);

  static Counters counters();
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_UNBLIND_H_

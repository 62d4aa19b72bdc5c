#include "frame_control.h"

#include <algorithm>
#include <cstdlib>

#include "platform/mutex.h"
#include "watchdog.h"

namespace hardstop {

using platform::Instant;
using platform::MonotonicClock;
using platform::MutexLock;
using platform::Nanoseconds;

namespace {

// First cause wins: what has struck cannot be taken back, also where the watchdog has
// had no time to look.
bool HasStruck(const Frame& frame, Instant now) {
  return frame.fired || frame.soft_struck || now >= frame.soft_deadline;
}

void Move(Frame* frame, Instant deadline, Instant hard_deadline) {
  frame->announced = false;
  frame->interrupt_taken = false;
  frame->soft_deadline = deadline;
  frame->hard_deadline = hard_deadline;
}

}  // namespace

bool RescheduleFrame(EnvState* state, int32_t depth, Instant deadline, Nanoseconds grace) {
  bool wake;
  napi_ref stale;
  {
    MutexLock lock(Watchdog::Instance().mutex());
    Frame* frame = state->FrameAt(depth);
    if (frame == nullptr || HasStruck(*frame, MonotonicClock::now())) return false;
    // What was taken ahead of the old deadline is not where the new one will strike.
    stale = frame->stuck;
    frame->stuck = nullptr;
    state->TakeFollowing(frame);
    Move(frame, deadline, grace >= Instant::max() - deadline ? Instant::max() : deadline + grace);
    frame->grace = grace;
    wake = Watchdog::Instance().Rearm(frame);
  }
  if (stale != nullptr) napi_delete_reference(state->env(), stale);
  if (wake) Watchdog::Instance().Wake();
  return true;
}

bool MoveFollowed(int32_t thread_id, Instant deadline, Instant hard_deadline) {
  bool wake = false;
  {
    MutexLock lock(Watchdog::Instance().mutex());
    EnvState* target = EnvState::FindByThreadId(thread_id);
    if (target == nullptr) return true;
    const Instant now = MonotonicClock::now();
    for (Frame* frame = target->innermost(); frame != nullptr; frame = frame->enclosing) {
      if (frame->follows && HasStruck(*frame, now)) return false;
    }
    for (Frame* frame = target->innermost(); frame != nullptr; frame = frame->enclosing) {
      if (!frame->follows) continue;
      // What was taken ahead of the old deadline is not where the new one will strike.
      frame->stuck_is_stale = true;
      const Instant soft = std::min(deadline, frame->others_soft);
      Move(frame, soft, std::max(soft, std::min(hard_deadline, frame->others_hard)));
      frame->grace =
          frame->hard_deadline == Instant::max() ? Nanoseconds(0) : frame->hard_deadline - soft;
      wake = Watchdog::Instance().Rearm(frame) || wake;
    }
  }
  if (wake) Watchdog::Instance().Wake();
  return true;
}

void CancelFrame(EnvState* state, int32_t depth) {
  bool kicked;
  bool fired;
  {
    MutexLock lock(Watchdog::Instance().mutex());
    Frame* frame = state->FrameAt(depth);
    if (frame == nullptr || frame->raised) return;
    Watchdog::Instance().Disarm(frame);
    frame->follows = false;
    frame->soft_deadline = Instant::max();
    frame->hard_deadline = Instant::max();
    frame->cpu_limit = Nanoseconds::max();
    frame->soft_struck = false;
    frame->cpu_struck = false;
    frame->announced = false;
    state->RefreshStruckDepth();
    kicked = frame->kicked;
    fired = frame->fired;
    if (fired) {
      // JavaScript runs here, so no termination has been taken yet; an interrupt that
      // is still pending finds no target. Another frame may have asked as well.
      frame->fired = false;
      state->CancelTermination();
      if (state->Target() != nullptr) state->RequestInterrupt();
    }
  }
  if (kicked) state->AwaitKicks();
  // What was withdrawn may have been worker.terminate()'s.
  if (fired && !state->MayRunJavaScript()) state->RequestTermination();
}

napi_value RunShielded(EnvState* state, napi_value work) {
  napi_value receiver;
  if (napi_get_undefined(state->env(), &receiver) != napi_ok) return nullptr;
  {
    MutexLock lock(Watchdog::Instance().mutex());
    state->Shield(+1);
  }
  napi_value result = nullptr;
  const napi_status status = napi_call_function(state->env(), receiver, work, 0, nullptr, &result);
  bool strikes;
  {
    // The frames inside have been popped: the innermost one is the same again.
    MutexLock lock(Watchdog::Instance().mutex());
    state->Shield(-1);
    strikes = state->Target() != nullptr;
  }
  if (!strikes) return status == napi_ok ? result : nullptr;
  Watchdog::Instance().Wake();
  // An exception of the work's gives way to the stop.
  if (status != napi_ok && state->IsTerminating()) return nullptr;
  // What was requested before the shield opened may have been taken inside it.
  state->RequestInterrupt();
  if (!state->TakePending()) {
    state->RequestTermination();
    state->TakePending();
  }
  return nullptr;
}

RaiseResult RaiseInThread(EnvState* state, int32_t thread_id, int32_t depth, RaisedError error) {
  auto result = RaiseResult::kUnknownThread;
  bool own = false;
  {
    MutexLock lock(Watchdog::Instance().mutex());
    EnvState* target = EnvState::FindByThreadId(thread_id);
    if (target != nullptr) {
      Frame* frame = depth == 0 ? target->innermost() : target->FrameAt(depth);
      // The first cause stays: a frame that is being stopped already is no scope that
      // could be ended.
      if (frame == nullptr || frame->fired) {
        result = RaiseResult::kNoScope;
      } else {
        result = RaiseResult::kDelivered;
        frame->raised = true;
        frame->raised_error = error;
        error.bytes = nullptr;
        Watchdog::Instance().Fire(frame, MonotonicClock::now());
        own = target == state;
      }
    }
  }
  free(error.bytes);
  if (result == RaiseResult::kDelivered) {
    Watchdog::Instance().Wake();
    if (own) state->TakePending();
  }
  return result;
}

}  // namespace hardstop

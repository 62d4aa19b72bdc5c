#include "guard.h"

#include <cstdlib>

#include "async_context.h"
#include "platform/mutex.h"
#include "watchdog.h"

namespace hardstop {

using platform::Instant;
using platform::MonotonicClock;
using platform::MutexLock;
using platform::Nanoseconds;

namespace {

// The one frame of RunGuarded: pushed and armed from construction to Leave().
class ArmedFrame {
 public:
  ArmedFrame(EnvState* state, const Limits& limits) : state_(state) {
    frame_.soft_deadline = limits.soft_deadline;
    frame_.hard_deadline = limits.hard_deadline;
    frame_.grace = limits.grace;
    state->TakeFollowing(&frame_);
    if (limits.cpu_limit != Nanoseconds::max()) {
      frame_.cpu_limit = limits.cpu_limit;
      frame_.cpu_at_start = state->CpuTime();
    }
    Watchdog& watchdog = Watchdog::Instance();
    bool wake;
    {
      MutexLock lock(watchdog.mutex());
      state->Push(&frame_);
      wake = watchdog.Arm(&frame_);
    }
    if (wake) watchdog.Wake();
  }
  ArmedFrame(const ArmedFrame&) = delete;
  ArmedFrame& operator=(const ArmedFrame&) = delete;

  // After this the watchdog cannot reach the frame, and frame() stays as it was.
  // Returns whether an enclosing frame that has fired owns the stop: of several
  // deadlines that have struck the earliest does, of equal ones the outermost. A
  // raised error has no deadline and yields to every enclosing one.
  bool Leave() {
    MutexLock lock(Watchdog::Instance().mutex());
    Watchdog::Instance().Disarm(&frame_);
    const Instant limit = frame_.fired && !frame_.raised ? frame_.hard_deadline : Instant::max();
    const bool owned = frame_.enclosing != nullptr && state_->EnclosingFired(frame_, limit);
    state_->Pop(&frame_);
    return owned;
  }

  Frame& frame() { return frame_; }

 private:
  EnvState* const state_;
  Frame frame_;
};

// Whether the CPU limit is used up, also where the watchdog had no time to look.
bool CpuLimitStruck(EnvState* state, const Frame& frame) {
  return frame.cpu_struck || (frame.cpu_limit != Nanoseconds::max() &&
                              state->CpuTime() - frame.cpu_at_start >= frame.cpu_limit);
}

// Withdraws what was requested for a frame that has ended, and asks again on
// behalf of whoever else's request may have gone with it. The thread must have no
// exception pending. False: the environment is being torn down, and the thread
// has to go on unwinding.
bool WithdrawRequests(EnvState* state, const Frame& frame) {
  state->CancelTermination();
  // From here on no signal may come: it could fail a system call of innocent code.
  if (frame.kicked) state->AwaitKicks();
  if (!state->MayRunJavaScript()) {
    // worker.terminate() and process.exit() use the engine's termination too, and
    // set the environment to stopping first: what was withdrawn may have been
    // theirs, and without it the thread would live on.
    state->RequestTermination();
    return false;
  }
  MutexLock lock(Watchdog::Instance().mutex());
  if (state->Target() != nullptr) state->RequestInterrupt();
  return true;
}

napi_value Stopped(EnvState* state, Frame& frame, StopKind kind, Instant end) {
  state->SetLastStop(frame.raised ? StopKind::kRaised : kind, end,
                     {frame.stuck, frame.raised_error});
  napi_value sentinel;
  if (napi_get_reference_value(state->env(), state->stopped_sentinel, &sentinel) != napi_ok) {
    return nullptr;
  }
  return sentinel;
}

// What a frame that hands nothing back leaves behind.
void Discard(EnvState* state, Frame& frame) {
  if (frame.stuck != nullptr) napi_delete_reference(state->env(), frame.stuck);
  free(frame.raised_error.bytes);
}

// The work has thrown an error of its own after its frame had fired: the error
// goes on, the requests do not. If a signal of ours may have made that error, its
// receiver is to know how the run ended.
napi_value Threw(EnvState* state, Frame& frame, Instant end) {
  if (frame.kicked) {
    state->SetLastStop(frame.raised ? StopKind::kRaised : StopKind::kInterrupt, end,
                       {frame.stuck, frame.raised_error});
  } else {
    Discard(state, frame);
  }
  napi_value error;
  if (napi_get_and_clear_last_exception(state->env(), &error) != napi_ok) return nullptr;
  if (WithdrawRequests(state, frame)) napi_throw(state->env(), error);
  return nullptr;
}

// A termination has unwound to `frame`, and it is its own.
napi_value Terminated(EnvState* state, Frame& frame, Instant end, napi_value context) {
  napi_value ignored;
  napi_get_and_clear_last_exception(state->env(), &ignored);
  AsyncContext::Restore(state->isolate(), context);
  if (!WithdrawRequests(state, frame)) {
    Discard(state, frame);
    return nullptr;
  }
  return Stopped(state, frame, frame.stuck != nullptr ? StopKind::kInterrupt : StopKind::kTerminate,
                 end);
}

}  // namespace

napi_value RunGuarded(EnvState* state, napi_value work, napi_value argument, const Limits& limits) {
  napi_env env = state->env();
  napi_value receiver;
  if (napi_get_undefined(env, &receiver) != napi_ok) return nullptr;

  napi_value const context = AsyncContext::Save(state->isolate());
  ArmedFrame armed(state, limits);
  Frame& frame = armed.frame();
  napi_value result = nullptr;
  const napi_status status = napi_call_function(env, receiver, work, 1, &argument, &result);
  // Before the mutex, for which we may have to wait.
  const Instant end = MonotonicClock::now();
  const bool owned = armed.Leave();

  const bool in_time =
      end < frame.soft_deadline && !frame.fired && limits.cpu_limit == Nanoseconds::max() && !owned;
  if (status == napi_ok && in_time) {
    if (frame.stuck != nullptr) Discard(state, frame);
    state->NoteEnd(end);
    return result;
  }

  state->SetKicked(frame.kicked && frame.fired);
  const bool terminating = status != napi_ok && state->IsTerminating();
  if (owned || (terminating && !frame.fired)) {
    // An enclosing frame's, node:vm's, worker.terminate()'s or process.exit()'s
    // stop: it goes on unwinding, from right here.
    Discard(state, frame);
    if (frame.kicked) state->AwaitKicks();
    if (!terminating && !state->TakePending()) {
      // Whoever ended another termination inside the work has taken this one too.
      state->RequestTermination();
      state->TakePending();
    }
    return nullptr;
  }
  if (terminating) return Terminated(state, frame, end, context);
  if (status != napi_ok) {
    if (frame.fired) return Threw(state, frame, end);
    Discard(state, frame);
    return nullptr;
  }
  if (frame.fired && !WithdrawRequests(state, frame)) {
    Discard(state, frame);
    return nullptr;
  }
  if (frame.raised || end >= frame.soft_deadline || CpuLimitStruck(state, frame)) {
    return Stopped(state, frame, StopKind::kLate, end);
  }
  Discard(state, frame);
  state->NoteEnd(end);
  return result;
}

}  // namespace hardstop

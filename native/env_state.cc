#include "env_state.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>

#include "interrupter.h"
#include "milliseconds.h"
#include "platform/mutex.h"

namespace hardstop {

using platform::Instant;
using platform::MutexLock;

namespace {

EnvState* first_env HARDSTOP_GUARDED_BY(Watchdog::Instance().mutex()) = nullptr;
uintptr_t last_cookie HARDSTOP_GUARDED_BY(Watchdog::Instance().mutex()) = 0;

constexpr platform::Nanoseconds kTerminateAfterCpu = std::chrono::milliseconds(10);
constexpr platform::Nanoseconds kTerminateAfter = std::chrono::milliseconds(250);
// So many looks take some 30 ms, and 250 ms hold three times as many.
constexpr uint32_t kTerminateAfterLooks = 200;

}  // namespace

EnvState* EnvState::Create(napi_env env, int32_t thread_id, int32_t* shared_words) {
  auto* state = new (std::nothrow) EnvState(env, thread_id, shared_words);
  if (state == nullptr) return nullptr;
  if (napi_add_env_cleanup_hook(env, &EnvState::CleanUp, state) != napi_ok) {
    delete state;
    return nullptr;
  }
  MutexLock lock(Watchdog::Instance().mutex());
  state->cookie_ = ++last_cookie;
  state->next_ = first_env;
  first_env = state;
  return state;
}

EnvState::EnvState(napi_env env, int32_t thread_id, int32_t* shared_words)
    : env_(env),
      isolate_(Interrupter::CurrentIsolate()),
      thread_id_(thread_id),
      thread_(platform::ThreadHandle::Current()),
      slot_(Unblind::PrepareThread(isolate_)),
      shared_words_(shared_words) {
  shared_words_[kDepthWord] = 0;
  shared_words_[kStruckDepthWord] = kNothingStruck;
  shared_words_[kKickedWord] = 0;
  shared_words_[kFollowsWord] = 0;
  shared_words_[kExactPlaceWord] = 0;
}

void EnvState::CleanUp(void* self) {
  auto* state = static_cast<EnvState*>(self);
  {
    MutexLock lock(Watchdog::Instance().mutex());
    // A thread that is torn down from inside a frame (process.exit() in a
    // worker) has unwound it by now; what is left would be a frame of a stack
    // that is never unwound, and must not be reached either.
    for (Frame* frame = state->innermost_; frame != nullptr; frame = frame->enclosing) {
      Watchdog::Instance().Disarm(frame);
    }
    EnvState** link = &first_env;
    while (*link != state) link = &(*link)->next_;
    *link = state->next_;
    Unblind::ReleaseThread(state->slot_);
  }
  // Nobody writes the shared words any more. References are still ours to give
  // back: the environment frees its values, but not what holds on to them.
  state->ClearLastStop();
  for (napi_ref reference :
       {state->shared_memory, state->stopped_sentinel, state->empty_function}) {
    if (reference != nullptr) napi_delete_reference(state->env_, reference);
  }
  delete state;
}

EnvState* EnvState::FindByCookie(uintptr_t cookie) {
  EnvState* state = first_env;
  while (state != nullptr && state->cookie_ != cookie) state = state->next_;
  return state;
}

EnvState* EnvState::FindByThreadId(int32_t thread_id) {
  EnvState* state = first_env;
  while (state != nullptr && state->thread_id_ != thread_id) state = state->next_;
  return state;
}

void EnvState::Push(Frame* frame) {
  frame->env = this;
  frame->env_thread = this;
  frame->enclosing = innermost_;
  frame->depth = ++depth_;
  frame->exact_place = shared_words_[kExactPlaceWord] == 1;
  innermost_ = frame;
  shared_words_[kDepthWord] = depth_;
}

void EnvState::Pop(Frame* frame) {
  innermost_ = frame->enclosing;
  shared_words_[kDepthWord] = --depth_;
  if (frame->soft_struck) RefreshStruckDepth();
}

Frame* EnvState::FrameAt(int32_t depth) const {
  Frame* frame = innermost_;
  while (frame != nullptr && frame->depth > depth) frame = frame->enclosing;
  return frame != nullptr && frame->depth == depth ? frame : nullptr;
}

void EnvState::Shield(int32_t change) {
  Frame* frame = innermost_;
  if (frame == nullptr) return;
  frame->shields += static_cast<uint32_t>(change);
  shared_words_[kShieldsWord] += change;
  if (frame->shields > 0) return;
  for (; frame != nullptr; frame = frame->enclosing) {
    if (frame->fired && frame->heap_index == Frame::kNotQueued && !IsShielded(*frame)) {
      Watchdog::Instance().Fire(frame, platform::MonotonicClock::now());
    }
  }
}

platform::Nanoseconds EnvState::KickDelay(uint32_t n) const { return Unblind::KickDelay(n); }

bool EnvState::IsShielded(const Frame& frame) const {
  for (const Frame* inner = innermost_; inner != nullptr; inner = inner->enclosing) {
    if (inner->shields > 0) return true;
    if (inner == &frame) return false;
  }
  return false;
}

Frame* EnvState::Target() const {
  Frame* target = nullptr;
  for (Frame* frame = innermost_; frame != nullptr; frame = frame->enclosing) {
    if (frame->shields > 0) break;  // It and everything around it is held off.
    if (frame->fired) target = frame;
  }
  return target;
}

Frame* EnvState::Announced() const {
  Frame* announced = nullptr;
  for (Frame* frame = innermost_; frame != nullptr; frame = frame->enclosing) {
    if (frame->shields > 0) break;
    if (frame->announced && !frame->fired) announced = frame;
  }
  return announced;
}

bool EnvState::EnclosingFired(const Frame& frame, Instant limit) const {
  if (IsShielded(frame)) return false;
  for (const Frame* outer = frame.enclosing; outer != nullptr; outer = outer->enclosing) {
    if (outer->shields > 0) return false;
    if (outer->fired && (outer->raised || outer->hard_deadline <= limit)) return true;
  }
  return false;
}

void EnvState::RefreshStruckDepth() {
  int32_t depth = kNothingStruck;
  for (const Frame* frame = innermost_; frame != nullptr; frame = frame->enclosing) {
    if (frame->soft_struck) depth = frame->depth;
  }
  shared_words_[kStruckDepthWord] = depth;
}

void EnvState::ShowExpiry(const Frame& frame) {
  if (frame.depth < shared_words_[kStruckDepthWord]) shared_words_[kStruckDepthWord] = frame.depth;
}

void EnvState::RequestInterrupt() {
  Interrupter::RequestInterrupt(isolate_, &EnvState::OnInterrupt, reinterpret_cast<void*>(cookie_));
}

void EnvState::RequestTermination() { Interrupter::Terminate(isolate_); }

// A termination that is pending wins over an interrupt that is pending, and takes
// with it the only chance to see where the work was. The one kind of work that
// heeds nothing else is a long operation of a built-in, on BigInts say, so it is
// for threads that have burnt time outside code made from JavaScript. Time on the
// thread's own clock, because a thread that did not get a core is not stuck. A thread
// that sleeps burns none and is known by the time that passes; where the whole process
// stood still (SIGSTOP, a frozen container, a paused machine), the watchdog has not
// looked either.
bool EnvState::NeedsTermination(const Frame& frame, Instant now) const {
  if (frame.interrupt_taken) return true;
  if (Unblind::LastSeen(slot_) == Unblind::Seen::kJavaScript) return false;
  return CpuTime() - frame.cpu_at_fire >= kTerminateAfterCpu ||
         (now - frame.fired_at >= kTerminateAfter && frame.escalations >= kTerminateAfterLooks);
}

void EnvState::Kick(Frame* frame) {
  if (Unblind::Kick(slot_)) frame->kicked = true;
}

platform::Nanoseconds EnvState::CpuTime() const {
  return thread_.CpuTime(platform::Nanoseconds(0));
}

void EnvState::CancelTermination() { Interrupter::CancelTermination(isolate_); }

bool EnvState::IsTerminating() const { return Interrupter::IsTerminating(isolate_); }

bool EnvState::MayRunJavaScript() const {
  // The cheapest call that is refused when JavaScript may not run.
  napi_value undefined;
  bool same;
  return napi_get_undefined(env_, &undefined) == napi_ok &&
         napi_strict_equals(env_, undefined, undefined, &same) == napi_ok;
}

bool EnvState::TakePending() {
  napi_value receiver;
  napi_value function;
  napi_value ignored;
  // An exception of the work's, if there is one, gives way to the termination.
  napi_get_and_clear_last_exception(env_, &ignored);
  if (napi_get_undefined(env_, &receiver) != napi_ok ||
      napi_get_reference_value(env_, empty_function, &function) != napi_ok) {
    return false;
  }
  return napi_call_function(env_, receiver, function, 0, nullptr, &ignored) != napi_ok;
}

void EnvState::TakeFollowing(Frame* frame) {
  frame->follows = shared_words_[kFollowsWord] == 1;
  if (!frame->follows) return;
  shared_words_[kFollowsWord] = 0;
  double soft_ms;
  double hard_ms;
  memcpy(&soft_ms, &shared_words_[kOthersSoftWord], sizeof soft_ms);
  memcpy(&hard_ms, &shared_words_[kOthersHardWord], sizeof hard_ms);
  frame->others_soft = InstantOfMs(time_origin, soft_ms);
  frame->others_hard = InstantOfMs(time_origin, hard_ms);
}

void EnvState::AwaitKicks() { Unblind::AwaitKicks(slot_); }

void EnvState::SetLastStop(StopKind kind, Instant ended_at, const LastStop& stop) {
  ClearLastStop();
  last_stop = stop;
  shared_words_[kStopKindWord] = static_cast<int32_t>(kind);
  NoteEnd(ended_at);
}

void EnvState::NoteEnd(Instant ended_at) {
  const double ended_at_ms = static_cast<double>((ended_at - time_origin).count()) / 1e6;
  memcpy(&shared_words_[kEndedAtWord], &ended_at_ms, sizeof ended_at_ms);
}

void EnvState::ClearLastStop() {
  if (last_stop.stuck != nullptr) napi_delete_reference(env_, last_stop.stuck);
  free(last_stop.raised_error.bytes);
  last_stop = LastStop();
}

// On the isolate's thread, at a stack check: JavaScript of the work (or of
// anything it called) is on the stack and stands still. Nothing may be run here.
void EnvState::OnInterrupt(void* isolate, void* cookie) {
  EnvState* state;
  {
    MutexLock lock(Watchdog::Instance().mutex());
    state = FindByCookie(reinterpret_cast<uintptr_t>(cookie));
  }
  // Only its own thread ends an environment, and that is here.
  if (state == nullptr || state->isolate_ != isolate) return;
  const Errand errand = state->TakeErrand();
  // Without the mutex: capturing allocates on the engine's heap. The frame stays,
  // because its thread is here.
  if (errand.replace && errand.frame->stuck != nullptr) {
    napi_delete_reference(state->env_, errand.frame->stuck);
    errand.frame->stuck = nullptr;
  }
  if (errand.frame != nullptr && errand.frame->stuck == nullptr) {
    state->CaptureStuck(errand.frame);
  }
  if (errand.terminate) {
    MutexLock lock(Watchdog::Instance().mutex());
    state->RequestTermination();
  }
}

EnvState::Errand EnvState::TakeErrand() {
  MutexLock lock(Watchdog::Instance().mutex());
  // A request cannot be withdrawn, so it may come after its frame has ended, in
  // innocent code. Only a live frame that has struck, or is about to, is a reason to
  // act.
  Frame* frame = Target();
  const bool terminate = frame != nullptr;
  if (frame == nullptr) frame = Announced();
  if (frame == nullptr) return {nullptr, false, false};
  frame->interrupt_taken = true;
  const bool replace = frame->stuck_is_stale;
  frame->stuck_is_stale = false;
  return {frame, terminate, replace};
}

void EnvState::CaptureStuck(Frame* frame) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  napi_value message;
  napi_value error;
  // Neither call runs JavaScript: the stack is stored as frames here and turned
  // into text, with source maps, when somebody reads it.
  if (napi_create_string_utf8(env_, "The work was here when its deadline struck", NAPI_AUTO_LENGTH,
                              &message) == napi_ok &&
      napi_create_error(env_, nullptr, message, &error) == napi_ok) {
    if (napi_create_reference(env_, error, 1, &frame->stuck) != napi_ok) frame->stuck = nullptr;
  }
  napi_close_handle_scope(env_, scope);
}

}  // namespace hardstop

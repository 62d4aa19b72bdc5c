#ifndef HARDSTOP_NATIVE_JS_HANDLES_H_
#define HARDSTOP_NATIVE_JS_HANDLES_H_

#include <node_api.h>

namespace hardstop {

// Keeps one value of JavaScript. On the environment's thread only, and not longer than
// the environment.
class Reference {
 public:
  Reference() = default;
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;
  ~Reference() { Reset(); }

  // Replaces what it kept. False: it keeps nothing now.
  bool Set(napi_env env, napi_value value) {
    Reset();
    env_ = env;
    if (napi_create_reference(env, value, 1, &reference_) != napi_ok) reference_ = nullptr;
    return reference_ != nullptr;
  }
  void Reset() {
    if (reference_ != nullptr) napi_delete_reference(env_, reference_);
    reference_ = nullptr;
  }

  bool IsEmpty() const { return reference_ == nullptr; }
  // nullptr where it keeps nothing.
  napi_value Value() const {
    napi_value value = nullptr;
    if (reference_ != nullptr) napi_get_reference_value(env_, reference_, &value);
    return value;
  }

 private:
  napi_env env_ = nullptr;
  napi_ref reference_ = nullptr;
};

// A way to the event loop of an environment: what is posted, from any thread, is called
// there. It does not keep the loop alive unless it is held.
class LoopCall {
 public:
  using Callback = void (*)(napi_env env, napi_value function, void* owner, void* data);

  LoopCall() = default;
  LoopCall(const LoopCall&) = delete;
  LoopCall& operator=(const LoopCall&) = delete;
  // On the loop's thread, when nobody posts any more. What was posted and has not been
  // called is called without an environment, maybe later.
  ~LoopCall() {
    if (call_ != nullptr) napi_release_threadsafe_function(call_, napi_tsfn_abort);
  }

  // The next three: on the loop's thread. Once; false where there is none to be had.
  bool Open(napi_env env, const char* name, napi_value function, void* owner, Callback callback) {
    env_ = env;
    napi_value label;
    if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &label) != napi_ok) return false;
    // No limit to its queue, one thread that posts, nothing to be finalised.
    if (napi_create_threadsafe_function(env, function, nullptr, label, 0, 1, nullptr, nullptr,
                                        owner, callback, &call_) != napi_ok) {
      call_ = nullptr;
      return false;
    }
    LetGo();
    return true;
  }
  void Hold() { napi_ref_threadsafe_function(env_, call_); }
  void LetGo() { napi_unref_threadsafe_function(env_, call_); }

  // Any thread, never blocks. False: the loop is ending.
  bool Post() {
    return napi_call_threadsafe_function(call_, nullptr, napi_tsfn_nonblocking) == napi_ok;
  }

 private:
  napi_env env_ = nullptr;
  napi_threadsafe_function call_ = nullptr;
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_JS_HANDLES_H_

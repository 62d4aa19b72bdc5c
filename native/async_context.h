#ifndef HARDSTOP_NATIVE_ASYNC_CONTEXT_H_
#define HARDSTOP_NATIVE_ASYNC_CONTEXT_H_

#include <node_api.h>

namespace hardstop {

// The frame in which Node 24 and later keep the stores of every AsyncLocalStorage:
// V8's continuation-preserved embedder data. `run(store, work)` sets it and sets it
// back in a `finally`, which a termination skips, so a guard that has ended one has
// to put back what it found.
//
// Node-API has no call for it. The two of V8 are looked up by name; where they are
// missing (Node 20) nothing keeps stores there either, and nothing happens here.
class AsyncContext {
 public:
  // Any thread; repeated calls change nothing.
  static void Load();

  // The next two: only on the isolate's thread.
  //
  // The current frame as a handle of the caller's open handle scope, or nullptr.
  // Runs no JavaScript; a few ns.
  static napi_value Save(void* isolate);
  // Makes `saved` the current frame again; nullptr changes nothing. Allowed while a
  // termination is pending.
  static void Restore(void* isolate, napi_value saved);
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_ASYNC_CONTEXT_H_

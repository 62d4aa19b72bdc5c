#ifndef HARDSTOP_NATIVE_INTERRUPTER_H_
#define HARDSTOP_NATIVE_INTERRUPTER_H_

namespace hardstop {

// The V8 entry points that Node-API lacks. They take and return plain pointers,
// every Node binary exports them, and they are looked up by name at load time,
// so that one binary serves every Node major and a runtime without them (Bun,
// Deno) is noticed instead of crashing at the first call.
class Interrupter {
 public:
  using InterruptCallback = void (*)(void* isolate, void* cookie);

  // Looks all entry points up. Any thread; repeated calls change nothing.
  // Returns the name of the first one that is missing, or nullptr.
  static const char* Load();

  // The isolate of the calling thread, or nullptr.
  static void* CurrentIsolate();

  // The next two: any thread, while the isolate lives (the caller holds the
  // watchdog's mutex, which the end of the environment takes too).
  //
  // Runs `callback` on the isolate's thread at its next stack check. A request
  // cannot be withdrawn: `cookie` has to stay meaningful for ever.
  static void RequestInterrupt(void* isolate, InterruptCallback callback, void* cookie);
  static void Terminate(void* isolate);

  // The next two: only on the isolate's thread.
  static void CancelTermination(void* isolate);
  static bool IsTerminating(void* isolate);
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_INTERRUPTER_H_

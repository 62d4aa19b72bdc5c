#include "main_thread.h"

#include "platform/host_symbol.h"

namespace hardstop {

bool IsMainThread(napi_env env) {
  using Loop = uv_loop_s*;
  using DefaultLoop = Loop (*)();
  using LoopOf = napi_status (*)(napi_env env, Loop * loop);
  // By name, because a runtime that has no libuv may export neither.
  const auto default_loop = reinterpret_cast<DefaultLoop>(
      platform::FindHostSymbol({"uv_default_loop", "uv_default_loop"}));
  const auto loop_of = reinterpret_cast<LoopOf>(
      platform::FindHostSymbol({"napi_get_uv_event_loop", "napi_get_uv_event_loop"}));
  if (default_loop == nullptr || loop_of == nullptr) return false;
  Loop loop = nullptr;
  // The main thread's is the default loop; each worker has made its own.
  return loop_of(env, &loop) == napi_ok && loop == default_loop();
}

}  // namespace hardstop

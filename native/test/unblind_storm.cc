// An addon for the soak test only: a thread of its own kicks the thread that loaded
// it, all the time and wherever it is. Built by test/soak/unblind-kicks.soak.ts.
//
//   status(): string | undefined    why the cure is off
//   start(kicks): void              so many kicks, 30 to 130 us apart
//   stop(): {kicks, elsewhere, noFunction, notBlind, cured, refused}   waits for the thread
//   kicksLeft(): number
#include <node_api.h>
#include <pthread.h>
#include <time.h>

#include <atomic>
#include <cstdint>

#include "interrupter.h"
#include "unblind.h"

namespace hardstop {
namespace {

Unblind::Slot slot = Unblind::kNoSlot;
std::atomic<int64_t> left{0};
pthread_t thread;

void* Storm(void*) {
  uint32_t random = 12345;
  while (left.load(std::memory_order_relaxed) > 0) {
    random = random * 1664525 + 1013904223;
    const timespec pause{0, 30'000 + static_cast<long>(random >> 16) % 100'000};
    nanosleep(&pause, nullptr);
    if (Unblind::Kick(slot)) left.fetch_sub(1, std::memory_order_relaxed);
  }
  return nullptr;
}

napi_value Number(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

napi_value Status(napi_env env, napi_callback_info) {
  const char* const reason = Unblind::status().reason;
  napi_value value = nullptr;
  if (reason != nullptr) napi_create_string_utf8(env, reason, NAPI_AUTO_LENGTH, &value);
  return value;
}

napi_value Start(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  int64_t kicks = 0;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_value_int64(env, argument, &kicks);
  left = kicks;
  pthread_create(&thread, nullptr, Storm, nullptr);
  return nullptr;
}

napi_value Stop(napi_env env, napi_callback_info) {
  left = 0;
  pthread_join(thread, nullptr);
  Unblind::AwaitKicks(slot);
  const Unblind::Counters counters = Unblind::counters();
  napi_value result = nullptr;
  napi_create_object(env, &result);
  const auto set = [&](const char* name, uint64_t value) {
    napi_set_named_property(env, result, name, Number(env, static_cast<double>(value)));
  };
  set("kicks", counters.kicks);
  set("elsewhere", counters.elsewhere);
  set("noFunction", counters.no_function);
  set("notBlind", counters.not_blind);
  set("cured", counters.cured);
  set("refused", counters.refused);
  return result;
}

napi_value KicksLeft(napi_env env, napi_callback_info) {
  return Number(env, static_cast<double>(left.load(std::memory_order_relaxed)));
}

}  // namespace

NAPI_MODULE_INIT() {
  if (Interrupter::Load() != nullptr) return nullptr;
  Unblind::Calibrate(env);
  slot = Unblind::PrepareThread(Interrupter::CurrentIsolate());
  const auto add = [&](const char* name, napi_callback callback) {
    napi_value function = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  };
  add("status", Status);
  add("start", Start);
  add("stop", Stop);
  add("kicksLeft", KicksLeft);
  return exports;
}

}  // namespace hardstop

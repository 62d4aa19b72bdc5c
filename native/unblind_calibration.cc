#include "unblind_calibration.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "interrupter.h"
#include "platform/directed_signal.h"
#include "platform/own_memory.h"
#include "unblind_walk.h"

namespace hardstop {
namespace {

// A leaf loop but for one call in its second turn. It ends early when somebody
// writes to `stop`, and takes tens of nanoseconds a turn.
constexpr char kLoopSource[] =
    "(function hardstopCalibration(turns, stop, start) {"
    "  let turn = 0;"
    "  while (turn < turns) {"
    "    if (turn === 1) start();"
    "    if (stop[0] !== 0) break;"
    "    turn++;"
    "  }"
    "  return turn;"
    "})";

constexpr char kNoJavaScript[] = "the calibration loop did not run";

// The words of a cell that calibration looks at, from the end of what the engine
// publishes. Objects are a multiple of 8 bytes, and a cell is a small one.
constexpr int kWords = 4;

struct Words {
  int32_t at[kWords];
};

// The loop's function and its arguments, in one handle scope on one thread.
class Loop {
 public:
  explicit Loop(napi_env env) : env_(env) {
    opened_ = napi_open_handle_scope(env, &scope_) == napi_ok;
  }
  ~Loop() {
    // Whatever went wrong in the loop is told by a reason, not by an exception.
    bool pending = false;
    if (napi_is_exception_pending(env_, &pending) == napi_ok && pending) {
      napi_value ignored = nullptr;
      napi_get_and_clear_last_exception(env_, &ignored);
    }
    if (opened_) napi_close_handle_scope(env_, scope_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  bool Make(napi_callback start, void* cookie) {
    napi_value source = nullptr;
    napi_value buffer = nullptr;
    void* stop = nullptr;
    const bool made =
        opened_ &&
        napi_create_string_latin1(env_, kLoopSource, sizeof kLoopSource - 1, &source) == napi_ok &&
        napi_run_script(env_, source, &function_) == napi_ok &&
        napi_create_arraybuffer(env_, sizeof(int32_t), &stop, &buffer) == napi_ok &&
        napi_create_typedarray(env_, napi_int32_array, 1, buffer, 0, &stop_array_) == napi_ok &&
        napi_create_function(env_, nullptr, 0, start, cookie, &start_) == napi_ok &&
        napi_get_undefined(env_, &undefined_) == napi_ok;
    stop_ = static_cast<volatile int32_t*>(stop);
    return made && stop_ != nullptr;
  }

  // Returns the turns made, or a negative number.
  int32_t Run(int32_t turns) {
    int32_t made = -1;
    napi_value arguments[3] = {nullptr, stop_array_, start_};
    napi_value result = nullptr;
    *stop_ = 0;
    if (napi_create_int32(env_, turns, &arguments[0]) != napi_ok ||
        napi_call_function(env_, undefined_, function_, 3, arguments, &result) != napi_ok ||
        napi_get_value_int32(env_, result, &made) != napi_ok) {
      return -1;
    }
    return made;
  }

  // Ends the running loop at its next turn. This thread only.
  void Stop() { *stop_ = 1; }

  // The function, as a tagged pointer that is good until the next collection; 0 in
  // an engine whose handles are not what this code takes them for.
  uintptr_t Function(const EngineLayout& layout) const {
    uintptr_t tagged = 0;
    const auto slot = reinterpret_cast<uintptr_t>(function_);
    if (slot % sizeof(uintptr_t) != 0 || !platform::ReadOwnMemory(slot, &tagged, sizeof tagged) ||
        FeedbackCellOf(layout, tagged) == 0) {
      return 0;
    }
    return tagged;
  }

  bool ReadCell(const EngineLayout& layout, Words* words) const {
    const uintptr_t cell = FeedbackCellOf(layout, Function(layout));
    return cell != 0 &&
           platform::ReadOwnMemory(cell + static_cast<uintptr_t>(layout.cell_published_end), words,
                                   sizeof *words);
  }

 private:
  napi_env env_;
  napi_handle_scope scope_ = nullptr;
  bool opened_ = false;
  napi_value function_ = nullptr;
  napi_value stop_array_ = nullptr;
  napi_value start_ = nullptr;
  napi_value undefined_ = nullptr;
  volatile int32_t* stop_ = nullptr;
};

napi_value DoNothing(napi_env, napi_callback_info) { return nullptr; }

// How far each word falls while the loop makes so many turns.
bool MeasureFall(Loop* loop, const EngineLayout& layout, int32_t turns, int64_t (*fall)[kWords]) {
  Words before;
  Words after;
  if (!loop->ReadCell(layout, &before) || loop->Run(turns) != turns ||
      !loop->ReadCell(layout, &after)) {
    return false;
  }
  for (int i = 0; i < kWords; i++) {
    (*fall)[i] = static_cast<int64_t>(before.at[i]) - static_cast<int64_t>(after.at[i]);
  }
  return true;
}

// The one word that fell by the same amount, at least a byte and at most a few
// hundred, in each turn: -1 when there is none or more than one.
int FindBudget(Loop* loop, const EngineLayout& layout) {
  constexpr int32_t kTurns[] = {2, 9, 23};
  int64_t fall[3][kWords];
  for (int i = 0; i < 3; i++) {
    if (!MeasureFall(loop, layout, kTurns[i], &fall[i])) return -1;
  }
  int found = -1;
  for (int i = 0; i < kWords; i++) {
    const int64_t per_turn = (fall[1][i] - fall[0][i]) / (kTurns[1] - kTurns[0]);
    const bool steady = per_turn >= 1 && per_turn <= 512 &&
                        fall[1][i] - fall[0][i] == per_turn * (kTurns[1] - kTurns[0]) &&
                        fall[2][i] - fall[1][i] == per_turn * (kTurns[2] - kTurns[1]);
    if (!steady) continue;
    if (found >= 0) return -1;
    found = i;
  }
  return found;
}

// One run of the self-test, for the callbacks. On the stack of TestCure(), but an
// interrupt cannot be withdrawn: a late callback must find nothing. Written and read
// on the calibrating thread only.
struct Trial {
  const SelfTest* test;
  Loop* loop;
  platform::SelfSignal* signal;
  bool interrupted;
};
Trial* current_trial = nullptr;

void OnInterrupt(void*, void*) {
  if (current_trial == nullptr) return;
  current_trial->interrupted = true;
  current_trial->loop->Stop();
}

napi_value BlindTheLoop(napi_env, napi_callback_info) {
  // What V8 sets while a function is being optimised: half of INT_MAX.
  constexpr int32_t kBlind = INT32_MAX / 2;
  constexpr platform::Nanoseconds kPeriod{30'000};
  const Trial* const trial = current_trial;
  const EngineLayout& layout = *trial->test->layout;
  const uintptr_t cell = FeedbackCellOf(layout, trial->loop->Function(layout));
  if (cell == 0 || !platform::WriteOwnMemory(cell + static_cast<uintptr_t>(layout.cell_budget),
                                             &kBlind, sizeof kBlind)) {
    return nullptr;
  }
  Interrupter::RequestInterrupt(trial->test->isolate, OnInterrupt, nullptr);
  trial->signal->Start(kPeriod);
  return nullptr;
}

}  // namespace

const char* CalibrateBudget(napi_env env, EngineLayout* layout) {
  Loop loop(env);
  if (!loop.Make(DoNothing, nullptr)) return kNoJavaScript;
  // The handles are checked before and after: the pointer is still what it was.
  if (loop.Function(*layout) == 0) return "a function handle does not lead to a function";
  // A new function has a small budget that is used up after some turns: then it
  // gets its feedback vector, perhaps other code, and a larger budget. Those are
  // the runs after which nothing unique is found.
  constexpr int kAttempts = 6;
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    if (loop.Run(100) != 100) return kNoJavaScript;
    const int word = FindBudget(&loop, *layout);
    if (word < 0) continue;
    layout->cell_budget = layout->cell_published_end + word * static_cast<int32_t>(sizeof(int32_t));
    return nullptr;
  }
  return "the interrupt budget could not be found";
}

const char* TestCure(napi_env env, const SelfTest& test) {
  Loop loop(env);
  if (!loop.Make(BlindTheLoop, nullptr)) return kNoJavaScript;
  platform::SelfSignal signal(test.slot);

  // A signal between the load and the store of one turn is lost, and one that comes
  // before the loop goes on finds nothing: hence a signal every period. A collection
  // may spoil an attempt: hence three. The turns bound what failure costs, some ms.
  constexpr int kAttempts = 3;
  constexpr int32_t kTurns = 100'000;
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    Trial trial{&test, &loop, &signal, false};
    current_trial = &trial;
    const int32_t turns = loop.Run(kTurns);
    signal.Stop();
    current_trial = nullptr;
    if (turns < 0) return kNoJavaScript;
    // A collection may have moved the function since the handler saw it.
    if (trial.interrupted && turns < kTurns &&
        test.cured_function() == loop.Function(*test.layout)) {
      return nullptr;
    }
  }
  return "the self-test's loop did not take its interrupt";
}

}  // namespace hardstop

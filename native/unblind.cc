#include "unblind.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "interrupter.h"
#include "platform/directed_signal.h"
#include "platform/host_symbol.h"
#include "platform/mutex.h"
#include "platform/own_memory.h"
#include "platform/stack_bounds.h"
#include "platform/thread.h"
#include "unblind_calibration.h"
#include "unblind_layout.h"
#include "unblind_walk.h"

namespace hardstop {
namespace {

// Held by Calibrate() while it runs, alone or before the engine's locks; it makes
// one thread the writer of everything below that says "written by Calibrate()".
platform::Mutex calibration_mutex;

// Process-wide. `layout` and `refusal` are written by Calibrate(); the other threads
// read them after an acquire load of `phase` that saw the phase.
enum class Phase : int { kUntouched, kTesting, kOff, kReady };
std::atomic<Phase> phase{Phase::kUntouched};
EngineLayout layout;
const char* refusal = "not calibrated yet";

// Written by Calibrate() before any other thread can be prepared.
using CodeRangeFunction = void (*)(void* isolate, void** start, size_t* size);
CodeRangeFunction get_code_range = nullptr;
using EmbeddedCodeRangeFunction = void (*)(void* isolate, const void** start, size_t* size);
EmbeddedCodeRangeFunction get_embedded_code_range = nullptr;

// One thread that can be kicked. `thread` and `code` are written by the thread itself
// before it gives its slot's number away, and constant until ReleaseThread().
struct Record {
  std::atomic<bool> taken{false};
  platform::ThreadHandle thread;
  StuckThread code;

  // Kicks sent and seen. The watchdog's thread counts up `sent` before it sends (and
  // down again if it could not), the stopped thread counts `seen` when it has
  // finished: equal means that no signal is on its way.
  std::atomic<uint32_t> sent{0};
  std::atomic<uint32_t> seen{0};
  // Written by the handler before it counts `seen` up. Relaxed: a hint.
  std::atomic<Unblind::Seen> last_seen{Unblind::Seen::kUnknown};
};

constexpr uint32_t kRecords = 1024;
Record records[kRecords];

// Acquire: what the handler has written is there when its signal counts as seen.
bool IsKickOnItsWay(const Record& record) {
  return record.sent.load(std::memory_order_relaxed) != record.seen.load(std::memory_order_acquire);
}

// Innermost function in the frame that the last cure found; for the self-test.
std::atomic<uintptr_t> last_cured_function{0};

// Relaxed: figures for people, each by itself.
struct AtomicCounters {
  std::atomic<uint64_t> kicks{0};
  std::atomic<uint64_t> seen{0};
  std::atomic<uint64_t> elsewhere{0};
  std::atomic<uint64_t> no_function{0};
  std::atomic<uint64_t> not_blind{0};
  std::atomic<uint64_t> cured{0};
  std::atomic<uint64_t> refused{0};
};
AtomicCounters tally;

void Count(std::atomic<uint64_t>* counter) { counter->fetch_add(1, std::memory_order_relaxed); }

std::atomic<uint64_t>* CounterOf(Finding finding) {
  switch (finding) {
    case Finding::kElsewhere:
      return &tally.elsewhere;
    case Finding::kNoFunction:
      return &tally.no_function;
    case Finding::kNotBlind:
      return &tally.not_blind;
    case Finding::kCured:
      return &tally.cured;
    case Finding::kRefused:
      return &tally.refused;
  }
  return &tally.elsewhere;
}

bool IsCureActive() {
  const Phase now = phase.load(std::memory_order_acquire);
  return now == Phase::kReady || now == Phase::kTesting;
}

// The handler. On the stopped thread (Linux), or for it while it is suspended:
// async-signal-safe, touches only atomics, constants and the record.
void OnThreadStopped(uint32_t slot, const platform::MachineContext& context) {
  if (slot >= kRecords) return;
  Record& record = records[slot];
  // A signal that outlived its thread may reach another one of the same name.
  if (!record.taken.load(std::memory_order_acquire) || !platform::IsStoppedThread(record.thread)) {
    return;
  }
  record.last_seen.store(
      record.code.IsEngineCode(context.pc) ? Unblind::Seen::kJavaScript : Unblind::Seen::kElsewhere,
      std::memory_order_relaxed);
  if (IsCureActive()) {
    uintptr_t function = 0;
    const Finding finding = CureBlindLoop(layout, record.code, context, &function);
    if (finding == Finding::kCured) {
      last_cured_function.store(function, std::memory_order_relaxed);
    }
    Count(CounterOf(finding));
  }
  Count(&tally.seen);
  record.seen.store(record.sent.load(std::memory_order_relaxed), std::memory_order_release);
}

bool IsSwitchedOff() {
  const char* const setting = std::getenv("HARDSTOP_UNBLIND");
  return setting != nullptr && std::strcmp(setting, "0") == 0;
}

const char* FindCodeRangeFunctions() {
  get_code_range = reinterpret_cast<CodeRangeFunction>(platform::FindHostSymbol(
      {"_ZN2v87Isolate12GetCodeRangeEPPvPm", "?GetCodeRange@Isolate@v8@@QEAAXPEAPEAXPEA_K@Z"}));
  get_embedded_code_range = reinterpret_cast<EmbeddedCodeRangeFunction>(
      platform::FindHostSymbol({"_ZN2v87Isolate20GetEmbeddedCodeRangeEPPKvPm",
                                "?GetEmbeddedCodeRange@Isolate@v8@@QEAAXPEAPEBXPEA_K@Z"}));
  return get_code_range == nullptr || get_embedded_code_range == nullptr
             ? "the engine does not tell where its code is"
             : nullptr;
}

// Whether the kernel lets a process read and write itself (a seccomp filter may not).
const char* TestOwnMemory() {
  int32_t word = 1;
  int32_t copy = 0;
  constexpr int32_t kOther = 2;
  const auto address = reinterpret_cast<uintptr_t>(&word);
  if (!platform::ReadOwnMemory(address, &copy, sizeof copy) || copy != 1 ||
      !platform::WriteOwnMemory(address, &kOther, sizeof kOther) ||
      !platform::ReadOwnMemory(address, &copy, sizeof copy) || copy != kOther) {
    return "the system does not let a process examine its own memory";
  }
  if (platform::ReadOwnMemory(8, &copy, sizeof copy)) return "memory at address 8 is readable";
  return nullptr;
}

// Why the cure stays off, or nullptr. Ends in phase kTesting.
const char* Prepare(napi_env env) {
  if (const char* reason = platform::InstallDirectedSignal(OnThreadStopped)) return reason;
  const char* const no_code_ranges = FindCodeRangeFunctions();
  if (IsSwitchedOff()) return "switched off by HARDSTOP_UNBLIND=0";
  if (no_code_ranges != nullptr) return no_code_ranges;
  if (const char* reason = layout.Load()) return reason;
  if (const char* reason = TestOwnMemory()) return reason;
  if (const char* reason = CalibrateBudget(env, &layout)) return reason;

  const Unblind::Slot slot = Unblind::PrepareThread(Interrupter::CurrentIsolate());
  if (slot == Unblind::kNoSlot) return "no slot for this thread";
  phase.store(Phase::kTesting, std::memory_order_release);
  const char* const reason =
      TestCure(env, {Interrupter::CurrentIsolate(), slot, &layout,
                     [] { return last_cured_function.load(std::memory_order_relaxed); }});
  Unblind::ReleaseThread(slot);
  return reason;
}

}  // namespace

void Unblind::Calibrate(napi_env env) {
  // A second thread waits until the first has finished: it needs what that one finds.
  platform::MutexLock lock(calibration_mutex);
  if (phase.load(std::memory_order_relaxed) != Phase::kUntouched) return;
  refusal = Prepare(env);
  phase.store(refusal == nullptr ? Phase::kReady : Phase::kOff, std::memory_order_release);
}

Unblind::Status Unblind::status() {
  switch (phase.load(std::memory_order_acquire)) {
    case Phase::kReady:
      return {true, nullptr};
    case Phase::kOff:
      return {false, refusal};
    case Phase::kUntouched:
    case Phase::kTesting:
      break;
  }
  return {false, "not calibrated yet"};
}

int Unblind::SignalNumber() { return platform::DirectedSignalNumber(); }

Unblind::Slot Unblind::PrepareThread(void* isolate) {
  if (platform::InstallDirectedSignal(OnThreadStopped) != nullptr) return kNoSlot;
  for (Slot slot = 0; slot < kRecords; slot++) {
    Record& record = records[slot];
    bool free = false;
    // The release that pairs with this is the flag's own store below; a handler that
    // already sees it set finds another thread's name, or an unfinished one, and leaves.
    if (record.taken.load(std::memory_order_relaxed) ||
        !record.taken.compare_exchange_strong(free, true, std::memory_order_acq_rel)) {
      continue;
    }
    record.sent.store(0, std::memory_order_relaxed);
    record.seen.store(0, std::memory_order_relaxed);
    record.last_seen.store(Seen::kUnknown, std::memory_order_relaxed);
    record.code = StuckThread{};
    record.code.stack = platform::StackBounds::Current();
    if (isolate != nullptr && get_code_range != nullptr && get_embedded_code_range != nullptr) {
      void* start = nullptr;
      const void* embedded = nullptr;
      get_code_range(isolate, &start, &record.code.heap_code.size);
      get_embedded_code_range(isolate, &embedded, &record.code.embedded_code.size);
      record.code.heap_code.start = reinterpret_cast<uintptr_t>(start);
      record.code.embedded_code.start = reinterpret_cast<uintptr_t>(embedded);
    }
    record.thread = platform::ThreadHandle::Current();
    platform::UnblockDirectedSignal();
    return slot;
  }
  return kNoSlot;
}

void Unblind::ReleaseThread(Slot slot) {
  if (slot == kNoSlot) return;
  AwaitKicks(slot);
  records[slot].thread = platform::ThreadHandle();
  records[slot].taken.store(false, std::memory_order_release);
}

bool Unblind::Kick(Slot slot) {
  if (slot == kNoSlot) return false;
  Record& record = records[slot];
  // One on its way is enough: it will look when the thread runs again, and queued
  // signals are a resource that the whole system shares.
  if (IsKickOnItsWay(record)) return false;
  record.sent.fetch_add(1, std::memory_order_relaxed);
  if (!platform::SignalThread(record.thread, slot)) {
    record.sent.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  Count(&tally.kicks);
  return true;
}

void Unblind::AwaitKicks(Slot slot) {
  if (slot == kNoSlot) return;
  // A signal reaches a running thread within microseconds. The bound is for a thread
  // that has blocked it, or runs under a tool that holds signals back.
  constexpr platform::Nanoseconds kPatience{5'000'000};
  Record& record = records[slot];
  if (IsKickOnItsWay(record)) {
    const platform::Instant end = platform::MonotonicClock::now() + kPatience;
    while (IsKickOnItsWay(record) && platform::MonotonicClock::now() < end) platform::CpuRelax();
  }
  // What was seen says nothing about the work that follows.
  record.last_seen.store(Seen::kUnknown, std::memory_order_relaxed);
}

platform::Nanoseconds Unblind::KickDelay(uint32_t n) {
  // A loop that spends 99 % of its time in C++ functions is met in JavaScript after
  // some hundred looks, hence that many in the first 50 ms; then rarely, for work that
  // will not hear before a built-in returns. Not denser: Linux adds the timer slack
  // (50 us) to what is left of a sleep that a signal has interrupted, so that C++ code
  // that resumes its sleeps would never wake from one. Odd steps, so as not to beat in
  // time with the loop.
  constexpr int64_t kSteps[] = {41'000, 53'000, 47'000, 61'000, 37'000, 59'000, 43'000};
  const int64_t step = kSteps[n % (sizeof kSteps / sizeof kSteps[0])];
  if (n < 16) return platform::Nanoseconds(step);           // to 0.8 ms
  if (n < 450) return platform::Nanoseconds(step * 9 / 4);  // to 50 ms
  if (n < 2000) return platform::Nanoseconds(step * 20);    // to 1.5 s
  return platform::Nanoseconds(step * 200);
}

Unblind::Seen Unblind::LastSeen(Slot slot) {
  return slot == kNoSlot ? Seen::kUnknown : records[slot].last_seen.load(std::memory_order_relaxed);
}

Unblind::Counters Unblind::counters() {
  const auto read = [](const std::atomic<uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  return {read(tally.kicks),     read(tally.seen),  read(tally.elsewhere), read(tally.no_function),
          read(tally.not_blind), read(tally.cured), read(tally.refused)};
}

}  // namespace hardstop

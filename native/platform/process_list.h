#ifndef HARDSTOP_NATIVE_PLATFORM_PROCESS_LIST_H_
#define HARDSTOP_NATIVE_PLATFORM_PROCESS_LIST_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace hardstop::platform {

// A process as the system's list has it. An id alone is not one: ids are used again.
struct ProcessEntry {
  int32_t pid = 0;
  int32_t parent = 0;
  // 0 where the system knows no such thing.
  int32_t group = 0;
  int32_t session = 0;
  // When it was started, in ticks of the system's own: tells it from a later process of the
  // same id, and is not earlier than its parent's.
  uint64_t started_at = 0;
  // False for one that has ended and was not reaped yet.
  bool alive = false;
  // By a signal or a debugger: it forks no more until it is woken.
  bool is_stopped = false;
  // False for a part of the kernel, and for one that is about to end: no program.
  bool is_program = true;

  bool IsSameAs(const ProcessEntry& other) const {
    return pid == other.pid && started_at == other.started_at;
  }
};

// Whether the system tells of the processes that this one may signal.
bool CanListProcesses();

// All processes that could be seen.
struct ProcessList {
  std::vector<ProcessEntry> entries;
  // Whether it surely has all that were alive when it was done; else one may have been missed that
  // was started meanwhile.
  bool is_whole = false;
  // The id that the system had given last when it was done; 0: not known.
  int32_t last_id = 0;
};

// Replaces what is in `list`, ids in the order of the system. False: it is not to be had, as when
// no descriptors are left; then it says nothing. Of processes that `earlier` has, and that are
// still there, it may say what they were then; it is to be ordered by id, made some ms ago at most,
// and may be empty.
bool ListProcesses(const ProcessList& earlier, ProcessList* list);

// False: there is no such process.
bool ReadProcess(int32_t pid, ProcessEntry* entry);

// The value of a variable of the environment that a process was started with; nullptr where it
// has none or may not be read. It is in `buffer`, which is memory to work with. `is_unknown`: there
// is no variable at all, as with one that is just becoming another program, or no means to read it.
const char* ReadEnvironmentVariable(int32_t pid, const char* name, std::vector<char>* buffer,
                                    bool* is_unknown);

int32_t OwnProcessId();

enum class SendResult { kSent, kGone, kRefused };

// How many processes can be held at a time. Descriptors are the process's: most are to be left for
// its own work.
constexpr size_t kMostHolds = 256;

// Holds on to a process, so that its id cannot come to mean another one meanwhile, and its end is
// seen without reading the list. Holds nothing where the system has no such thing, where the
// process is gone, and where many are held already.
class ProcessHold {
 public:
  ProcessHold() = default;
  explicit ProcessHold(const ProcessEntry& process);
  ProcessHold(ProcessHold&& other) noexcept : descriptor_(other.descriptor_) {
    other.descriptor_ = kNone;
  }
  ProcessHold& operator=(ProcessHold&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~ProcessHold();

  bool IsHolding() const { return descriptor_ != kNone; }
  int descriptor() const { return descriptor_; }

 private:
  static constexpr int kNone = -1;
  int descriptor_ = kNone;
};

// Whether the process that was listed has not ended.
bool IsAlive(const ProcessEntry& process, const ProcessHold& hold);

// The next three signal the process that was listed, and no other that has its id by now.
//
// Sends the signal, and wakes the process if it is stopped, so that it can take it, where that is
// wanted. kGone where the system has no signals.
SendResult AskToEnd(const ProcessEntry& process, int signal, bool wake);
// Stops it, so that it forks no more. kGone where the system has no signals.
SendResult Freeze(const ProcessEntry& process);
// What nobody can ignore.
SendResult Kill(const ProcessEntry& process, const ProcessHold& hold);

// Kills a whole group in one step, so that nobody who is being forked in it is missed. Where
// there are no groups: nothing.
void KillGroup(int32_t group);

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_PROCESS_LIST_H_

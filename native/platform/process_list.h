#ifndef HARDSTOP_NATIVE_PLATFORM_PROCESS_LIST_H_
#define HARDSTOP_NATIVE_PLATFORM_PROCESS_LIST_H_

#include <cstddef>
#include <cstdint>
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

  bool IsSameAs(const ProcessEntry& other) const {
    return pid == other.pid && started_at == other.started_at;
  }
};

// Whether the system tells of the processes that this one may signal.
bool CanListProcesses();

// Replaces `entries` by all processes that can be seen, ids in the order of the system.
// False: the list is not to be had.
bool ListProcesses(std::vector<ProcessEntry>* entries);

// False: there is no such process.
bool ReadProcess(int32_t pid, ProcessEntry* entry);

// The value of a variable of the environment that a process was started with; nullptr where it
// has none or may not be read. It is in `buffer`, which is memory to work with.
const char* ReadEnvironmentVariable(int32_t pid, const char* name, std::vector<char>* buffer);

int32_t OwnProcessId();

enum class SendResult { kSent, kGone, kRefused };

// The next three signal the process that was listed, and no other that has its id by now.
//
// Sends the signal, and wakes the process if it is stopped, so that it can take it, where that is
// wanted. kGone where the system has no signals.
SendResult AskToEnd(const ProcessEntry& process, int signal, bool wake);
// Stops it, so that it forks no more. kGone where the system has no signals.
SendResult Freeze(const ProcessEntry& process);
// What nobody can ignore.
SendResult Kill(const ProcessEntry& process);

// Kills a whole group in one step, so that nobody who is being forked in it is missed. Where
// there are no groups: nothing.
void KillGroup(int32_t group);

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_PROCESS_LIST_H_

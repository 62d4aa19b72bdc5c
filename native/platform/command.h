#ifndef HARDSTOP_NATIVE_PLATFORM_COMMAND_H_
#define HARDSTOP_NATIVE_PLATFORM_COMMAND_H_

#include <cstddef>
#include <cstdint>

namespace hardstop::platform {

// What a monitor of one command needs of the system beyond what Node gives: to lead a process
// group within the session it was started in, to start a command there, and to end as it ended.
// All of it on the main thread.

// How a command is started.
struct CommandPlan {
  // Its name, which is looked up in PATH, and its arguments; null-terminated.
  char* const* arguments;
  // What it has as standard output and as standard error; -1: what this process has.
  int output;
  int errors;
  // What it is sent when this process dies; 0: nothing. Linux only.
  int death_signal;
  // Bit n: it ignores signal n. It has the default action of all other standard signals.
  std::uint64_t ignored_signals;
  // The other descriptors that it inherits.
  const int* inherited;
  std::size_t inherited_count;
  // How many descriptors it may have open; 0: as many as this process.
  std::uint64_t open_files;
};

struct CommandStart {
  // 0: not started.
  int pid;
  // Why not: an errno, of fork or, where that worked, of exec.
  int error;
  bool forked;
};

struct CommandEnd {
  bool has_ended;
  int exit_code;
  // 0: none.
  int signal;
  bool dumped_core;
};

// Whether the rest of this file works here.
bool HasCommands();

// Makes this process the leader of a group of its own, which stays in its session. Returns the
// errno, or 0; a leader of its session leads its group already.
int LeadGroup();

void IgnoreSignal(int number);

// Writes the number of each real-time signal that this process gets, one byte, to a pipe; those
// that it was started to ignore excepted. For good. Node knows only the standard signals.
void RelayRealTimeSignals(int pipe_end);

CommandStart StartCommand(const CommandPlan& plan);

// Reaps a command that has ended. Does not wait.
CommandEnd ReapCommand(int pid);

// Ends this process by a signal's default action, without a core of its own. Returns where that
// does not end it: as the first process of a namespace.
void DieBySignal(int number);

// Ends this process and leaves the terminal as the command has set it, which an exit of Node's
// would restore.
[[noreturn]] void Leave(int status);

// Both ends of a pipe, not inherited by commands. False: the system has none to give.
bool OpenPipe(int ends[2]);

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_COMMAND_H_

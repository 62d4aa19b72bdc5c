#include "platform/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace hardstop::platform {
namespace {

// Those that Node and libuv change; real-time signals are as this process has inherited them.
constexpr int kStandardSignals = 31;
// What a shell, env and nohup exit with as well.
constexpr int kCannotStart = 125;

void ResetSignals(std::uint64_t ignored) {
  for (int number = 1; number <= kStandardSignals; number++) {
    if (number == SIGKILL || number == SIGSTOP) continue;
    signal(number, (ignored >> number & 1) != 0 ? SIG_IGN : SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

#ifdef SIGRTMIN
// Where OnRealTimeSignal writes; set before the handler is.
int relay_end = -1;

// On whichever thread the system has chosen.
void OnRealTimeSignal(int number) {
  const int error = errno;
  const auto byte = static_cast<unsigned char>(number);
  // A pipe that is full has more signals in it than anybody can want.
  const ssize_t written = write(relay_end, &byte, 1);
  (void)written;
  errno = error;
}
#endif

bool KeepAlong(pid_t monitor, int death_signal) {
#ifdef __linux__
  if (death_signal != 0) prctl(PR_SET_PDEATHSIG, death_signal);
#else
  (void)death_signal;
#endif
  // It may have died before that was set.
  return getppid() == monitor;
}

void LetInherit(int descriptor) {
  const int flags = fcntl(descriptor, F_GETFD);
  if (flags >= 0) fcntl(descriptor, F_SETFD, flags & ~FD_CLOEXEC);
}

void LimitOpenFiles(std::uint64_t count) {
  struct rlimit limit;
  if (count == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0 || count >= limit.rlim_cur) return;
  limit.rlim_cur = static_cast<rlim_t>(count);
  setrlimit(RLIMIT_NOFILE, &limit);
}

// In the child, where other threads may have held locks when it was forked: nothing but system
// calls. Returns the errno.
int Exec(const CommandPlan& plan, pid_t monitor) {
  if (!KeepAlong(monitor, plan.death_signal)) _exit(kCannotStart);
  if (plan.output >= 0 && dup2(plan.output, STDOUT_FILENO) < 0) return errno;
  if (plan.errors >= 0 && dup2(plan.errors, STDERR_FILENO) < 0) return errno;
  // Node keeps all that it was started with from its children, these too.
  for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++) LetInherit(descriptor);
  for (std::size_t i = 0; i < plan.inherited_count; i++) LetInherit(plan.inherited[i]);
  LimitOpenFiles(plan.open_files);
  ResetSignals(plan.ignored_signals);
  execvp(plan.arguments[0], plan.arguments);
  return errno;
}

// Blocks until the command has taken the place of the child: then the pipe closes. 0: it has.
int ReadExecError(int from) {
  int error = 0;
  ssize_t length;
  do {
    length = read(from, &error, sizeof error);
  } while (length < 0 && errno == EINTR);
  return length == sizeof error ? error : 0;
}

}  // namespace

bool HasCommands() { return true; }

int LeadGroup() {
  if (setpgid(0, 0) == 0 || getpgrp() == getpid()) return 0;
  return errno;
}

void IgnoreSignal(int number) { signal(number, SIG_IGN); }

void RelayRealTimeSignals(int pipe_end) {
#ifdef SIGRTMIN
  relay_end = pipe_end;
  struct sigaction action = {};
  action.sa_handler = OnRealTimeSignal;
  action.sa_flags = SA_RESTART;
  for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
    struct sigaction before;
    if (sigaction(number, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) continue;
    sigaction(number, &action, nullptr);
  }
#else
  (void)pipe_end;
#endif
}

bool OpenPipe(int ends[2]) {
  if (pipe(ends) != 0) return false;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return true;
}

CommandStart StartCommand(const CommandPlan& plan) {
  int report[2];
  if (!OpenPipe(report)) return {0, errno, false};
  const pid_t monitor = getpid();
  // No handler of this process may run in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) {
    const int error = Exec(plan, monitor);
    const ssize_t written = write(report[1], &error, sizeof error);
    _exit(written < 0 ? kCannotStart : kCannotStart + 1);
  }
  const int fork_error = pid < 0 ? errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(report[1]);
  const int exec_error = pid < 0 ? 0 : ReadExecError(report[0]);
  close(report[0]);
  if (pid < 0) return {0, fork_error, false};
  if (exec_error == 0) return {pid, 0, true};
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
  return {0, exec_error, true};
}

CommandEnd ReapCommand(int pid) {
  int status = 0;
  pid_t reaped;
  do {
    reaped = waitpid(pid, &status, WNOHANG);
  } while (reaped < 0 && errno == EINTR);
  if (reaped == 0) return {false, 0, 0, false};
  // Somebody else has reaped it, which must not happen; it is gone in any case.
  if (reaped < 0) return {true, kCannotStart, 0, false};
  if (WIFEXITED(status)) return {true, WEXITSTATUS(status), 0, false};
  return {true, 0, WTERMSIG(status), WCOREDUMP(status) != 0};
}

void DieBySignal(int number) {
#ifdef __linux__
  // A limit of zero would still start a program that core_pattern names.
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return;
#else
  const struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return;
#endif
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  raise(number);
}

void Leave(int status) { _exit(status); }

}  // namespace hardstop::platform

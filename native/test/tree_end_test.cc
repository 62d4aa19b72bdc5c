// The end of one tree, a step at a time, where the killer's thread would have to be met in the act.

#include "process/tree_end.h"

#ifndef _WIN32

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "test/check.h"

namespace {

using hardstop::SharedSnapshot;
using hardstop::TreeEnd;
using hardstop::TreeEndPlan;
using hardstop::TreeTarget;
using hardstop::platform::MonotonicClock;
using hardstop::platform::Nanoseconds;
using hardstop::platform::ProcessEntry;
using std::chrono::seconds;

// The root of a tree that starts a sleeper when it is told to, and tells its id.
class Shell {
 public:
  explicit Shell(const char* mark) {
    int orders[2];
    int answers[2];
    CHECK(pipe(orders) == 0 && pipe(answers) == 0);
    orders_ = orders[1];
    answers_ = answers[0];
    pid_ = fork();
    if (pid_ == 0) {
      dup2(orders[0], 0);
      dup2(answers[1], 1);
      for (const int descriptor : {orders[0], orders[1], answers[0], answers[1]}) {
        close(descriptor);
      }
      char variable[128];
      std::snprintf(variable, sizeof variable, "HARDSTOP_TREE=%s;", mark);
      char shell[] = "sh";
      char flag[] = "-c";
      char script[] =
          "echo $$; read order; sleep 1000 <&- >&- 2>&- & echo $!; read order; sleep 1000";
      char path[] = "PATH=/usr/bin:/bin";
      char* arguments[] = {shell, flag, script, nullptr};
      char* variables[] = {variable, path, nullptr};
      execve("/bin/sh", arguments, variables);
      _exit(1);
    }
    close(orders[0]);
    close(answers[1]);
    CHECK(Answer() == pid_);
  }
  ~Shell() {
    close(orders_);
    close(answers_);
    waitpid(pid_, nullptr, 0);
  }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  pid_t pid() const { return pid_; }
  pid_t Start() const {
    CHECK(write(orders_, "\n", 1) == 1);
    return Answer();
  }

 private:
  pid_t Answer() const {
    char text[32] = "";
    for (size_t length = 0; strchr(text, '\n') == nullptr; ++length) {
      CHECK(length < sizeof text - 1 && read(answers_, text + length, 1) == 1);
    }
    return static_cast<pid_t>(strtol(text, nullptr, 10));
  }

  pid_t pid_ = 0;
  int orders_ = -1;
  int answers_ = -1;
};

bool IsAlive(pid_t pid) {
  ProcessEntry entry;
  return hardstop::platform::ReadProcess(pid, &entry) && entry.alive;
}

TreeTarget TargetOf(const Shell& shell, const char* mark) {
  TreeTarget target;
  target.pid = shell.pid();
  std::snprintf(target.mark, sizeof target.mark, "%s", mark);
  return target;
}

// By force, at a deadline that is still far.
TreeEndPlan ForcePlan() {
  TreeEndPlan plan;
  plan.deadline = MonotonicClock::now() + seconds(1'000);
  plan.signal = SIGKILL;
  return plan;
}

// A round of the killer.
void TakeTurn(TreeEnd* end, SharedSnapshot* processes) {
  processes->BeginRound();
  end->Step(MonotonicClock::now(), processes);
}

void Complete(TreeEnd* end, SharedSnapshot* processes) {
  for (int tries = 0; tries < 20'000 && !end->is_over(); ++tries) {
    usleep(1'000);
    TakeTurn(end, processes);
  }
  CHECK(end->is_over());
}

TEST(WhoIsStartedAfterTheListOfAnotherTreeInTheSameRoundIsEndedAsWell) {
  constexpr char kMark[] = "T1.tree.0.1";
  const Shell shell(kMark);
  SharedSnapshot processes;
  TreeEnd end(TargetOf(shell, kMark), ForcePlan());
  // It gets to know the root.
  TakeTurn(&end, &processes);
  CHECK(!end.has_begun());
  // The round in which it is due, and another tree is before it.
  processes.BeginRound();
  processes.Get();
  const pid_t late = shell.Start();
  end.Reschedule(MonotonicClock::now());
  end.Step(MonotonicClock::now(), &processes);
  Complete(&end, &processes);
  const bool is_alive = IsAlive(late);
  if (is_alive) kill(late, SIGKILL);
  CHECK(!is_alive);
  CHECK(end.report().survivors.empty());
}

// A list takes descriptors, which the process may have used up.
TEST(ATreeThatCannotBeListedIsNotTakenForEnded) {
  constexpr char kMark[] = "T1.tree.0.2";
  const Shell shell(kMark);
  const pid_t sleeper = shell.Start();
  SharedSnapshot processes;
  TreeEnd end(TargetOf(shell, kMark), ForcePlan());
  rlimit before;
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  // None at all; then for the folder, and no file in it.
  for (const rlim_t more : {0, 1}) {
    const int next = dup(0);
    CHECK(next >= 0 && close(next) == 0);
    const rlimit none = {static_cast<rlim_t>(next) + more, before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    end.Reschedule(MonotonicClock::now());
    for (int i = 0; i < 10; ++i) TakeTurn(&end, &processes);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(!end.is_over() && IsAlive(shell.pid()) && IsAlive(sleeper));
  }
  Complete(&end, &processes);
  CHECK(!IsAlive(shell.pid()) && !IsAlive(sleeper));
  CHECK(end.report().survivors.empty());
}

}  // namespace

int main() { return hardstop::test::RunTests(); }

#else

int main() { return 0; }

#endif

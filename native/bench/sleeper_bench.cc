// Which way to sleep until an absolute instant is the most punctual on this Linux, and what it
// costs to re-arm it and to wake it from another thread? The table it prints is quoted in
// docs/architecture.md.
//
//   g++ -std=c++17 -O2 -o /tmp/sleeper_bench native/bench/sleeper_bench.cc -lpthread
//   /tmp/sleeper_bench [rounds]
//
// Columns, in microseconds: lateness of `kSleeps` sleeps of about 1 ms (min, p50, p90, p99, max);
// the CPU time one call of the waker takes and the time from that call until the sleeper runs
// (both medians); the cost of moving the deadline while nobody sleeps ("re-arm": what the sleeper
// itself must ask of the kernel before it can wait).

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace {

constexpr int kSleeps = 3000;
constexpr int kWakes = 2000;
constexpr int64_t kSecond = 1'000'000'000;

int64_t Now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * kSecond + t.tv_nsec;
}

timespec ToTimespec(int64_t t) { return {t / kSecond, t % kSecond}; }

// One way to sleep. Prepare() and SleepUntil() run on the sleeping thread, Wake() on another.
class Contender {
 public:
  virtual ~Contender() = default;
  virtual const char* Name() const = 0;
  virtual void Prepare() {}
  virtual void Arm(int64_t) {}  // the system calls that SleepUntil() needs before it can wait
  virtual void SleepUntil(int64_t deadline) = 0;
  virtual void Wake() = 0;
};

class FutexContender : public Contender {
 public:
  const char* Name() const override { return "futex, FUTEX_WAIT_BITSET absolute"; }
  void SleepUntil(int64_t deadline) override {
    const timespec t = ToTimespec(deadline);
    const uint32_t seen = word_.exchange(0);
    if (seen != 0) return;
    syscall(SYS_futex, &word_, FUTEX_WAIT_BITSET_PRIVATE, 0, &t, nullptr, FUTEX_BITSET_MATCH_ANY);
  }
  void Wake() override {
    word_.store(1);
    syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

 private:
  std::atomic<uint32_t> word_{0};
};

class ConditionContender : public Contender {
 public:
  const char* Name() const override { return "pthread_cond_timedwait, CLOCK_MONOTONIC"; }
  void Prepare() override {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&condition_, &attributes);
  }
  void SleepUntil(int64_t deadline) override {
    const timespec t = ToTimespec(deadline);
    pthread_mutex_lock(&mutex_);
    if (!woken_) pthread_cond_timedwait(&condition_, &mutex_, &t);
    woken_ = false;
    pthread_mutex_unlock(&mutex_);
  }
  void Wake() override {
    pthread_mutex_lock(&mutex_);
    woken_ = true;
    pthread_mutex_unlock(&mutex_);
    pthread_cond_signal(&condition_);
  }

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition_;
  bool woken_ = false;
};

class TimerfdContender : public Contender {
 public:
  const char* Name() const override { return "timerfd + eventfd, poll"; }
  void Prepare() override {
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    event_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  }
  void Arm(int64_t deadline) override {
    itimerspec spec = {};
    spec.it_value = ToTimespec(deadline);
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
  }
  void SleepUntil(int64_t deadline) override {
    Arm(deadline);
    pollfd fds[2] = {{timer_, POLLIN, 0}, {event_, POLLIN, 0}};
    poll(fds, 2, -1);
    uint64_t count;
    if (fds[1].revents != 0 && read(event_, &count, sizeof count) < 0) perror("eventfd");
  }
  void Wake() override {
    const uint64_t one = 1;
    if (write(event_, &one, sizeof one) < 0) perror("eventfd");
  }

 private:
  int timer_ = -1;
  int event_ = -1;
};

class PosixTimerContender : public Contender {
 public:
  const char* Name() const override { return "timer_create SIGEV_THREAD_ID, sigwaitinfo"; }
  void Prepare() override {
    thread_ = pthread_self();
    sigemptyset(&set_);
    sigaddset(&set_, SIGRTMIN + 3);  // the timer
    sigaddset(&set_, SIGRTMIN + 4);  // the waker
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    sigevent event = {};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGRTMIN + 3;
    event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
    if (timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) perror("timer_create");
  }
  void Arm(int64_t deadline) override {
    itimerspec spec = {};
    spec.it_value = ToTimespec(deadline);
    timer_settime(timer_, TIMER_ABSTIME, &spec, nullptr);
  }
  void SleepUntil(int64_t deadline) override {
    Arm(deadline);
    sigwaitinfo(&set_, nullptr);
  }
  void Wake() override { pthread_kill(thread_, SIGRTMIN + 4); }

 private:
  pthread_t thread_ = {};
  sigset_t set_ = {};
  timer_t timer_ = {};
};

class TimedSignalContender : public Contender {
 public:
  const char* Name() const override { return "sigtimedwait (relative), pthread_kill"; }
  void Prepare() override {
    thread_ = pthread_self();
    sigemptyset(&set_);
    sigaddset(&set_, SIGRTMIN + 5);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  void SleepUntil(int64_t deadline) override {
    const timespec t = ToTimespec(std::max<int64_t>(deadline - Now(), 0));
    sigtimedwait(&set_, nullptr, &t);
  }
  void Wake() override { pthread_kill(thread_, SIGRTMIN + 5); }

 private:
  pthread_t thread_ = {};
  sigset_t set_ = {};
};

// The floor: nothing can wake it, so no watchdog could use it.
class NanosleepContender : public Contender {
 public:
  const char* Name() const override { return "(floor) clock_nanosleep, cannot be woken"; }
  void SleepUntil(int64_t deadline) override {
    const timespec t = ToTimespec(deadline);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
  }
  void Wake() override {}
};

struct Trial {
  Contender* contender;
  std::vector<int64_t> lateness, latency, waking;
  double rearm = 0;
  std::atomic<int> phase{0};
  std::atomic<int64_t> woken_at{0};
};

void* Sleep(void* raw) {
  Trial& trial = *static_cast<Trial*>(raw);
  prctl(PR_SET_TIMERSLACK, 1);
  Contender& contender = *trial.contender;
  contender.Prepare();
  for (int i = 0; i < kSleeps; ++i) {
    const int64_t deadline = Now() + 700'000 + (i * 7919 % 600'000);
    contender.SleepUntil(deadline);
    const int64_t late = Now() - deadline;
    if (late >= 0) trial.lateness.push_back(late);  // below zero: woken for nothing
  }
  constexpr int kArms = 100'000;
  const int64_t before = Now();
  for (int i = 0; i < kArms; ++i) contender.Arm(before + 1000 * kSecond + i);
  trial.rearm = static_cast<double>(Now() - before) / kArms;
  trial.phase = 1;
  while (trial.phase == 1) {
    contender.SleepUntil(Now() + 50'000'000);
    trial.woken_at = Now();
  }
  return nullptr;
}

double Micros(const std::vector<int64_t>& sorted, double share) {
  if (sorted.empty()) return -1;
  return static_cast<double>(sorted[static_cast<size_t>(share * (sorted.size() - 1))]) / 1000;
}

void Run(Contender* contender, bool wakeable) {
  Trial trial;
  trial.contender = contender;
  pthread_t thread;
  pthread_create(&thread, nullptr, Sleep, &trial);
  while (trial.phase == 0) usleep(1000);
  for (int i = 0; wakeable && i < kWakes; ++i) {
    usleep(200);  // lets the sleeper fall asleep again
    const int64_t before = Now();
    contender->Wake();
    trial.waking.push_back(Now() - before);
    // A waker that looked away would measure its own sleep.
    for (;;) {
      const int64_t woken = trial.woken_at;
      if (woken > before) {
        trial.latency.push_back(woken - before);
        break;
      }
      if (Now() - before > 100'000'000) break;
    }
  }
  trial.phase = 2;
  pthread_join(thread, nullptr);
  std::sort(trial.lateness.begin(), trial.lateness.end());
  std::sort(trial.latency.begin(), trial.latency.end());
  std::sort(trial.waking.begin(), trial.waking.end());
  printf("| %-42s | %5.1f | %5.1f | %5.1f | %5.1f | %6.1f | %5.2f | %5.1f | %5.2f |\n",
         contender->Name(), Micros(trial.lateness, 0), Micros(trial.lateness, 0.5),
         Micros(trial.lateness, 0.9), Micros(trial.lateness, 0.99), Micros(trial.lateness, 1),
         Micros(trial.waking, 0.5), Micros(trial.latency, 0.5), trial.rearm / 1000);
  fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 1;
  printf(
      "| sleeps by                                  |   min |   p50 |   p90 |   p99 |    max |  "
      "wake | woken | re-arm|\n");
  printf("|---|---|---|---|---|---|---|---|---|\n");
  for (int round = 0; round < rounds; ++round) {
    FutexContender futex;
    ConditionContender condition;
    TimerfdContender timerfd;
    PosixTimerContender posix_timer;
    TimedSignalContender timed_signal;
    NanosleepContender nanosleep;
    Run(&futex, true);
    Run(&condition, true);
    Run(&timerfd, true);
    Run(&posix_timer, true);
    Run(&timed_signal, true);
    Run(&nanosleep, false);
  }
  return 0;
}

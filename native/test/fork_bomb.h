#ifndef HARDSTOP_NATIVE_TEST_FORK_BOMB_H_
#define HARDSTOP_NATIVE_TEST_FORK_BOMB_H_

// Processes that leave their session, bear no mark, start another one whenever one of them is
// killed, and wake each other: as mean as can be, but for two things. There are never more than so
// many of them, and they end by themselves.

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <new>

namespace hardstop::test {

// In memory that all of them share. Whoever wants to fork takes a place first, which is free if it
// never had anybody or if that process is gone; so it needs somebody who reaps.
class ForkBomb {
 public:
  static ForkBomb* Make(bool wakes) {
    void* shared =
        mmap(nullptr, sizeof(ForkBomb), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return new (shared) ForkBomb(wakes);
  }

  // Returns the root of the tree, when all places are taken.
  pid_t Light() {
    const pid_t root = fork();
    if (root == 0) Live(0);
    while (Alive() < kMost) usleep(1'000);
    return root;
  }

  int Alive() const {
    int alive = 0;
    for (const std::atomic<pid_t>& place : places_) {
      if (!IsFree(place)) ++alive;
    }
    return alive;
  }

  // What a friend outside of the tree can do for it.
  void WakeAll() const {
    for (const std::atomic<pid_t>& place : places_) {
      const pid_t pid = place;
      if (pid > 0) kill(pid, SIGCONT);
    }
  }

  void KillAll() const {
    for (const std::atomic<pid_t>& place : places_) {
      const pid_t pid = place;
      if (pid > 0) kill(pid, SIGKILL);
    }
  }

  static constexpr int kMost = 24;

 private:
  static constexpr int kSeconds = 30;

  explicit ForkBomb(bool wakes) : wakes_(wakes) {}

  static bool IsGone(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }
  // Negative: taken by that process for one that it is about to start.
  static bool IsFree(pid_t pid) { return pid == 0 || IsGone(pid < 0 ? -pid : pid); }

  int TakePlace() {
    for (int i = 0; i < kMost; ++i) {
      pid_t has = places_[i];
      if (IsFree(has) && places_[i].compare_exchange_strong(has, -getpid())) return i;
    }
    return -1;
  }

  [[noreturn]] void Live(int place) {
    alarm(kSeconds);
    places_[place] = getpid();
    setsid();
    while (true) {
      if (wakes_) WakeAll();
      const int next = TakePlace();
      if (next < 0) {
        usleep(300);
        continue;
      }
      const pid_t child = fork();
      if (child == 0) Live(next);
      if (child < 0) places_[next] = 0;
    }
  }

  std::atomic<pid_t> places_[kMost] = {};
  const bool wakes_;
};

}  // namespace hardstop::test

#endif  // HARDSTOP_NATIVE_TEST_FORK_BOMB_H_

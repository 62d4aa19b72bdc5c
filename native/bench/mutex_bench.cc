// Is the futex mutex of native/platform/linux better than pthread_mutex for critical sections of
// tens of nanoseconds? The table it prints is quoted in docs/architecture.md.
//
//   cd native; g++ -std=c++17 -O2 -I. -o /tmp/mutex_bench bench/mutex_bench.cc
//   platform/linux/mutex.cc platform/linux/futex.cc platform/posix/cpu_relax.cc -lpthread &&
//   /tmp/mutex_bench    (one line)
//
// Columns: ns for one uncontended Lock() + Unlock(); then, with N threads that each take the
// lock, touch one word, leave and compute for about 100 ns: ns per lock and thread, and the
// longest that any Lock() took.

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <algorithm>
#include <atomic>

#include "platform/mutex.h"
#include "platform/thread.h"

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int kUncontended = 20'000'000;
constexpr int kContended = 1'000'000;

int64_t Now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * kSecond + t.tv_nsec;
}

class PthreadMutex {
 public:
  void Lock() { pthread_mutex_lock(&mutex_); }
  void Unlock() { pthread_mutex_unlock(&mutex_); }

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
};

class AdaptivePthreadMutex {
 public:
  void Lock() { pthread_mutex_lock(&mutex_); }
  void Unlock() { pthread_mutex_unlock(&mutex_); }

 private:
  pthread_mutex_t mutex_ = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
};

template <typename MutexType>
struct Trial {
  MutexType mutex;
  volatile int64_t shared = 0;
  std::atomic<int64_t> longest{0};
  std::atomic<bool> go{false};
};

template <typename MutexType>
void* Contend(void* raw) {
  auto& trial = *static_cast<Trial<MutexType>*>(raw);
  while (!trial.go) hardstop::platform::CpuRelax();
  int64_t longest = 0;
  volatile int sink = 0;
  for (int i = 0; i < kContended; ++i) {
    const int64_t before = Now();
    trial.mutex.Lock();
    const int64_t waited = Now() - before;
    trial.shared = trial.shared + 1;
    trial.mutex.Unlock();
    longest = std::max(longest, waited);
    for (int j = 0; j < 50; ++j) sink = sink + j;
  }
  int64_t seen = trial.longest;
  while (seen < longest && !trial.longest.compare_exchange_weak(seen, longest)) {
  }
  return nullptr;
}

template <typename MutexType>
void Run(const char* name) {
  Trial<MutexType> trial;
  const int64_t start = Now();
  for (int i = 0; i < kUncontended; ++i) {
    trial.mutex.Lock();
    trial.shared = trial.shared + 1;
    trial.mutex.Unlock();
  }
  printf("| %-28s | %5.1f |", name, static_cast<double>(Now() - start) / kUncontended);
  for (const int threads : {2, 4, 8}) {
    pthread_t handles[8];
    trial.go = false;
    trial.longest = 0;
    for (int i = 0; i < threads; ++i) {
      pthread_create(&handles[i], nullptr, Contend<MutexType>, &trial);
    }
    const int64_t before = Now();
    trial.go = true;
    for (int i = 0; i < threads; ++i) pthread_join(handles[i], nullptr);
    printf(" %6.0f ns, max %8.0f us |", static_cast<double>(Now() - before) / kContended / threads,
           static_cast<double>(trial.longest) / 1000);
  }
  printf("\n");
  fflush(stdout);
}

}  // namespace

int main() {
  printf(
      "| mutex                        | alone | 2 threads | 4 threads | 8 threads "
      "|\n|---|---|---|---|---|\n");
  for (int round = 0; round < 2; ++round) {
    Run<hardstop::platform::Mutex>("futex, three states");
    Run<PthreadMutex>("pthread_mutex");
    Run<AdaptivePthreadMutex>("pthread_mutex, adaptive");
  }
  return 0;
}

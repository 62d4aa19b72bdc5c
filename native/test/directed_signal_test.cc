// The directed signal, from one plain thread to another. POSIX only.
#include "platform/directed_signal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>

#include "platform/stack_bounds.h"
#include "test/check.h"

namespace hardstop::platform {
namespace {

constexpr uint32_t kSlot = 77;

std::atomic<int> stopped{0};
std::atomic<uint32_t> slot_seen{0};
std::atomic<bool> on_stack{false};
StackBounds bounds;
ThreadHandle reader;
std::atomic<bool> reading{false};
int descriptors[2];

void OnStopped(uint32_t slot, const MachineContext& context) {
  slot_seen = slot;
  on_stack = context.sp >= bounds.low && context.sp < bounds.high && context.pc != 0 &&
             IsStoppedThread(reader);
  stopped++;
}

void* ReadOnce(void*) {
  UnblockDirectedSignal();
  bounds = StackBounds::Current();
  reader = ThreadHandle::Current();
  reading = true;
  char byte;
  errno = 0;
  const ssize_t count = read(descriptors[0], &byte, 1);
  return count == -1 && errno == EINTR ? nullptr : &reading;
}

TEST(EndsABlockingReadAndReportsWhereTheThreadWas) {
  CHECK(InstallDirectedSignal(OnStopped) == nullptr);
  CHECK(InstallDirectedSignal(OnStopped) == nullptr);
  CHECK(pipe(descriptors) == 0);
  pthread_t thread;
  CHECK(pthread_create(&thread, nullptr, ReadOnce, nullptr) == 0);
  while (!reading) usleep(100);
  void* failed = &reading;
  // Once may come before the thread has reached the system call.
  for (int tries = 0; tries < 1000; tries++) {
    CHECK(SignalThread(reader, kSlot));
    usleep(2000);
    if (pthread_tryjoin_np(thread, &failed) == 0) break;
  }
  CHECK(failed == nullptr);
  CHECK(stopped >= 1 && slot_seen == kSlot && on_stack);
}

TEST(TellsItsOwnSignalsFromForeignOnes) {
  stopped = 0;
  sigval foreign;
  foreign.sival_int = static_cast<int>(kSlot);
  CHECK(pthread_sigqueue(pthread_self(), DirectedSignalNumber(), foreign) == 0);
  CHECK(raise(DirectedSignalNumber()) == 0);
  CHECK(stopped == 0);
}

TEST(ComesFromATimerOfItsOwn) {
  stopped = 0;
  reader = ThreadHandle::Current();
  bounds = StackBounds::Current();
  SelfSignal signal(3);
  CHECK(signal.Start(Nanoseconds(100'000)));
  for (int tries = 0; stopped < 2 && tries < 1000; tries++) usleep(1000);
  signal.Stop();
  CHECK(stopped >= 2 && slot_seen == 3 && on_stack);
  const int before = stopped;
  usleep(2000);
  CHECK(stopped == before);
}

TEST(SendsNothingWhenSomebodyElseHasTakenTheSignal) {
  CHECK(signal(DirectedSignalNumber(), SIG_DFL) != SIG_ERR);
  CHECK(!SignalThread(ThreadHandle::Current(), kSlot));
}

}  // namespace
}  // namespace hardstop::platform

int main() { return hardstop::test::RunTests(); }

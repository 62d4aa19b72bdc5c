#include "platform/mutex.h"

#include <windows.h>

namespace hardstop::platform {
namespace {

static_assert(sizeof(SRWLOCK) <= sizeof(Mutex), "the lock lies in the two words of the Mutex");
static_assert(alignof(SRWLOCK) <= alignof(Mutex), "the lock lies in the two words of the Mutex");

// All zero is SRWLOCK_INIT; the lock is the first member, so it starts where the Mutex does.
SRWLOCK* Native(Mutex* mutex) noexcept { return reinterpret_cast<SRWLOCK*>(mutex); }

}  // namespace

void Mutex::Lock() noexcept { AcquireSRWLockExclusive(Native(this)); }

void Mutex::Unlock() noexcept { ReleaseSRWLockExclusive(Native(this)); }

}  // namespace hardstop::platform

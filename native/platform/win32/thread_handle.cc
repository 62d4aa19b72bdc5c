#include "platform/thread_handle.h"

#include <windows.h>

namespace hardstop::platform {

// The id and not a HANDLE: a copyable value can own none, and the id of a thread that lives is
// not reused.
ThreadHandle ThreadHandle::Current() noexcept {
  return ThreadHandle(static_cast<std::uintptr_t>(GetCurrentThreadId()), 0);
}

}  // namespace hardstop::platform

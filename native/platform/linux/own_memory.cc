#include "platform/own_memory.h"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace hardstop::platform {
namespace {

// The raw call, because the sanitizers intercept libc's and because it needs no
// newer libc. The process id is asked for each time: it changes by fork(), and an
// access to the parent's memory must not be possible.
bool Transfer(long number, uintptr_t address, void* bytes, size_t size) {
  iovec local{bytes, size};
  iovec remote{reinterpret_cast<void*>(address), size};
  const long pid = syscall(SYS_getpid);
  return syscall(number, pid, &local, 1UL, &remote, 1UL, 0UL) == static_cast<long>(size);
}

}  // namespace

bool ReadOwnMemory(uintptr_t address, void* out, size_t size) {
  return Transfer(SYS_process_vm_readv, address, out, size);
}

bool WriteOwnMemory(uintptr_t address, const void* bytes, size_t size) {
  return Transfer(SYS_process_vm_writev, address, const_cast<void*>(bytes), size);
}

}  // namespace hardstop::platform

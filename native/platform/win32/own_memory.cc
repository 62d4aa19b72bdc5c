#include "platform/own_memory.h"

#include <windows.h>

namespace hardstop::platform {

bool ReadOwnMemory(uintptr_t address, void* out, size_t size) {
  SIZE_T copied = 0;
  return ReadProcessMemory(GetCurrentProcess(), reinterpret_cast<const void*>(address), out, size,
                           &copied) != 0 &&
         copied == size;
}

bool WriteOwnMemory(uintptr_t address, const void* bytes, size_t size) {
  SIZE_T copied = 0;
  return WriteProcessMemory(GetCurrentProcess(), reinterpret_cast<void*>(address), bytes, size,
                            &copied) != 0 &&
         copied == size;
}

}  // namespace hardstop::platform

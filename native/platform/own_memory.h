#ifndef HARDSTOP_NATIVE_PLATFORM_OWN_MEMORY_H_
#define HARDSTOP_NATIVE_PLATFORM_OWN_MEMORY_H_

#include <cstddef>
#include <cstdint>

namespace hardstop::platform {

// Access to this process's own memory through the kernel: an address that is not
// mapped, or not writable, is an error result and never a fault. The compiler's
// sanitizers do not see it. Async-signal-safe; errno may change.
bool ReadOwnMemory(uintptr_t address, void* out, size_t size);
bool WriteOwnMemory(uintptr_t address, const void* bytes, size_t size);

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_OWN_MEMORY_H_

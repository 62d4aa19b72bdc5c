#include "platform/own_memory.h"

#include <mach/mach.h>
#include <mach/vm_map.h>

namespace hardstop::platform {

bool ReadOwnMemory(uintptr_t address, void* out, size_t size) {
  vm_size_t copied = 0;
  return vm_read_overwrite(mach_task_self(), address, size, reinterpret_cast<vm_address_t>(out),
                           &copied) == KERN_SUCCESS &&
         copied == size;
}

bool WriteOwnMemory(uintptr_t address, const void* bytes, size_t size) {
  return vm_write(mach_task_self(), address, reinterpret_cast<vm_offset_t>(bytes),
                  static_cast<mach_msg_type_number_t>(size)) == KERN_SUCCESS;
}

}  // namespace hardstop::platform

#include "platform/thread.h"

#include <dlfcn.h>
#include <pthread/qos.h>
#include <unistd.h>

#include "platform/posix/detached_thread.h"

namespace hardstop::platform {
namespace {

void Tune(const char* name) { pthread_setname_np(name); }

// The thread outlives the environment that loaded this library, and Node unloads an addon when
// the worker that loaded it ends. (On Linux the linker's `-z nodelete` says the same.)
bool KeepLibraryLoaded() noexcept {
  Dl_info library;
  if (dladdr(reinterpret_cast<const void*>(&KeepLibraryLoaded), &library) == 0) return false;
  return dlopen(library.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) != nullptr;
}

}  // namespace

bool StartDetachedThread(void (*entry)(void*), void* argument, const char* name) noexcept {
  if (!KeepLibraryLoaded()) return false;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  // The most urgent class: on a performance core, and its timers are not put off to save power.
  pthread_attr_set_qos_class_np(&attributes, QOS_CLASS_USER_INTERACTIVE, 0);
  return StartDetachedPthread(&attributes, {Tune, entry, argument, name});
}

// This system has no affinity masks.
unsigned OnlineCores() noexcept {
  const long online = sysconf(_SC_NPROCESSORS_ONLN);  // NOLINT(runtime/int)
  return online > 0 ? static_cast<unsigned>(online) : 1;
}

}  // namespace hardstop::platform

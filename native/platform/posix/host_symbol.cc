#include "platform/host_symbol.h"

#include <dlfcn.h>

namespace hardstop::platform {

void* FindHostSymbol(const HostSymbol& symbol) {
  // The default scope covers the executable and, where Node is built as one, its
  // shared library.
  return dlsym(RTLD_DEFAULT, symbol.itanium);
}

}  // namespace hardstop::platform

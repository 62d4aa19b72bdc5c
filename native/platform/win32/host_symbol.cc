#include "platform/host_symbol.h"

#include <windows.h>

namespace hardstop::platform {

void* FindHostSymbol(const HostSymbol& symbol) {
  // Node is the executable, whatever its name, or libnode.dll beside it.
  HMODULE host = GetModuleHandleW(L"libnode.dll");
  if (host == nullptr) host = GetModuleHandleW(nullptr);
  return reinterpret_cast<void*>(GetProcAddress(host, symbol.microsoft));
}

}  // namespace hardstop::platform

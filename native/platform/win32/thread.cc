#include "platform/thread.h"

#include <windows.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace hardstop::platform {
namespace {

constexpr SIZE_T kStackBytes = 512 * 1024;
constexpr std::size_t kLongestName = 31;

// Handed to the new thread, which frees it.
struct Start {
  void (*entry)(void*);
  void* argument;
  const char* name;
};

// By name at run time: Windows 10 1607 and later have it, import libraries often do not.
void NameThisThread(const char* name) noexcept {
  using SetDescription = HRESULT(WINAPI*)(HANDLE, PCWSTR);
  const HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
  if (kernel == nullptr) return;
  SetDescription set_description = nullptr;
  const FARPROC found = GetProcAddress(kernel, "SetThreadDescription");
  if (found == nullptr) return;
  static_assert(sizeof(found) == sizeof(set_description), "both are code addresses");
  std::memcpy(&set_description, &found, sizeof(found));
  wchar_t wide[kLongestName + 1] = {};
  for (std::size_t i = 0; i < kLongestName && name[i] != '\0'; ++i) {
    wide[i] = static_cast<unsigned char>(name[i]);
  }
  set_description(GetCurrentThread(), wide);
}

DWORD WINAPI Run(void* raw) {
  const Start start = *std::unique_ptr<Start>(static_cast<Start*>(raw));
  NameThisThread(start.name);
  // The highest that does not need a privilege: it runs for microseconds and must not queue
  // behind the thread that it has to stop.
  SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_TIME_CRITICAL);
  start.entry(start.argument);
  return 0;
}

// The thread outlives the environment that loaded this library, and Node unloads an addon when
// the worker that loaded it ends. (On Linux the linker's `-z nodelete` says the same.)
bool KeepLibraryLoaded() noexcept {
  HMODULE library;
  return GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                            reinterpret_cast<LPCWSTR>(&Run), &library) != FALSE;
}

}  // namespace

bool StartDetachedThread(void (*entry)(void*), void* argument, const char* name) noexcept {
  if (!KeepLibraryLoaded()) return false;
  std::unique_ptr<Start> start(new (std::nothrow) Start{entry, argument, name});
  if (start == nullptr) return false;
  const HANDLE thread = CreateThread(nullptr, kStackBytes, Run, start.get(),
                                     STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (thread == nullptr) return false;
  start.release();  // NOLINT(bugprone-unused-return-value): the thread frees it
  CloseHandle(thread);
  return true;
}

unsigned OnlineCores() noexcept {
  DWORD_PTR process_mask = 0;
  DWORD_PTR system_mask = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &process_mask, &system_mask)) {
    unsigned count = 0;
    for (; process_mask != 0; process_mask &= process_mask - 1) ++count;
    if (count > 0) return count;
  }
  // No mask describes a process that runs in several processor groups: it has more than 64
  // processors.
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  return system.dwNumberOfProcessors > 0 ? system.dwNumberOfProcessors : 1;
}

void CpuRelax() noexcept { YieldProcessor(); }

}  // namespace hardstop::platform

#include "async_context.h"

#include "platform/host_symbol.h"
#include "platform/mutex.h"

namespace hardstop {
namespace {

// v8::Local is one pointer, the very one that a napi_value is. As an argument it
// travels in a register everywhere. As a result of a member function it comes back
// in a register under the Itanium C++ ABI; Microsoft's passes the address of the
// result as a second argument and hands that address back. Called with the address
// in any case, an argument that the Itanium callee never looks at, the two are told
// apart by what comes back. (Read in the binaries of Node 22, 24 and 26, Linux x64
// and arm64, Windows x64.)
using GetFunction = void* (*)(void* isolate, void** result);
using SetFunction = void (*)(void* isolate, void* frame);

// Workers load the addon at the same time.
platform::Mutex load_mutex;
bool loaded = false;  // Guarded by load_mutex.

// Written once, by the first Load(), with load_mutex held; read by threads that
// have been through Load() themselves.
GetFunction get_frame = nullptr;
SetFunction set_frame = nullptr;

}  // namespace

void AsyncContext::Load() {
  platform::MutexLock lock(load_mutex);
  if (loaded) return;
  loaded = true;
  get_frame = reinterpret_cast<GetFunction>(platform::FindHostSymbol(
      {"_ZN2v87Isolate36GetContinuationPreservedEmbedderDataEv",
       "?GetContinuationPreservedEmbedderData@Isolate@v8@@QEAA?AV?$Local@VValue@v8@@@2@XZ"}));
  set_frame = reinterpret_cast<SetFunction>(platform::FindHostSymbol(
      {"_ZN2v87Isolate36SetContinuationPreservedEmbedderDataENS_5LocalINS_5ValueEEE",
       "?SetContinuationPreservedEmbedderData@Isolate@v8@@QEAAXV?$Local@VValue@v8@@@2@@Z"}));
  if (get_frame != nullptr && set_frame != nullptr) return;
  // The successors of the same two, beside them since Node 26.
  get_frame = reinterpret_cast<GetFunction>(platform::FindHostSymbol(
      {"_ZN2v87Isolate38GetContinuationPreservedEmbedderDataV2Ev",
       "?GetContinuationPreservedEmbedderDataV2@Isolate@v8@@QEAA?AV?$Local@VData@v8@@@2@XZ"}));
  set_frame = reinterpret_cast<SetFunction>(platform::FindHostSymbol(
      {"_ZN2v87Isolate38SetContinuationPreservedEmbedderDataV2ENS_5LocalINS_4DataEEE",
       "?SetContinuationPreservedEmbedderDataV2@Isolate@v8@@QEAAXV?$Local@VData@v8@@@2@@Z"}));
}

napi_value AsyncContext::Save(void* isolate) {
  if (get_frame == nullptr || set_frame == nullptr) return nullptr;
  void* result = nullptr;
  void* returned = get_frame(isolate, &result);
  return static_cast<napi_value>(returned == &result ? result : returned);
}

void AsyncContext::Restore(void* isolate, napi_value saved) {
  if (saved != nullptr) set_frame(isolate, saved);
}

}  // namespace hardstop

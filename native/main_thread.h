#ifndef HARDSTOP_NATIVE_MAIN_THREAD_H_
#define HARDSTOP_NATIVE_MAIN_THREAD_H_

#include <node_api.h>

namespace hardstop {

// Whether this thread is the one whose `threadId` is 0. Asked of libuv, because
// `node:worker_threads`, which says so, takes longer to load than all of the addon.
// False where that cannot be told. The thread of the environment.
bool IsMainThread(napi_env env);

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_MAIN_THREAD_H_

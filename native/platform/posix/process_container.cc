#include "platform/process_container.h"

namespace hardstop::platform {

// A control group would be one. But it takes a folder of the cgroup file system that was given to
// this user to make any, and a process would have to be moved there after its start, with whatever
// it has forked by then left outside: what finds that finds the rest as well.

void ProcessContainer::Adopt(int32_t /*pid*/, const char* /*name*/) {}
void ProcessContainer::Kill() {}
void ProcessContainer::Release() {}

}  // namespace hardstop::platform

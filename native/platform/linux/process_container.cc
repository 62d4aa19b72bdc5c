#include "platform/process_container.h"

#include <errno.h>

#include "platform/linux/control_group.h"

namespace hardstop::platform {

// Not from the start of a process on: to move one there takes the kernel some ms, while it holds up
// all forks of the machine, and what finds those that were started until then finds the rest too.
void ProcessContainer::Adopt(int32_t /*pid*/, const char* /*name*/) {}

ProcessContainer::Admission ProcessContainer::Admit(const ProcessEntry& process) {
  if (group_ == nullptr) group_ = ControlGroup::Make();
  return group_ == nullptr ? Admission::kRefused : group_->Admit(process);
}

bool ProcessContainer::List(std::vector<ProcessEntry>* processes) const {
  std::vector<int32_t> ids;
  processes->clear();
  if (group_ == nullptr || !group_->List(&ids)) return false;
  for (const int32_t id : ids) {
    ProcessEntry process;
    // Who is of another namespace has no id here.
    if (id == 0) return false;
    if (!ReadProcess(id, &process)) {
      if (errno == ENOENT || errno == ESRCH) continue;
      return false;
    }
    if (process.alive) processes->push_back(process);
  }
  return true;
}

void ProcessContainer::Expel(const ProcessEntry& process) {
  if (group_ != nullptr) group_->Expel(process);
}

bool ProcessContainer::IsSureOf(uint64_t started_at) const {
  return group_ != nullptr && group_->IsSureOf(started_at);
}

void ProcessContainer::Kill() {
  if (group_ != nullptr) group_->Kill();
}

bool ProcessContainer::Close() {
  if (group_ == nullptr) return true;
  if (!group_->Remove()) return false;
  Release();
  return true;
}

void ProcessContainer::Release() {
  delete group_;
  group_ = nullptr;
}

}  // namespace hardstop::platform

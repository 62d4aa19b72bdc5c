#include "platform/process_container.h"

namespace hardstop::platform {

void ProcessContainer::Adopt(int32_t /*pid*/, const char* /*name*/) {}
ProcessContainer::Admission ProcessContainer::Admit(const ProcessEntry& /*process*/) {
  return Admission::kRefused;
}
bool ProcessContainer::List(std::vector<ProcessEntry>* /*processes*/) const { return false; }
void ProcessContainer::Expel(const ProcessEntry& /*process*/) {}
bool ProcessContainer::IsSureOf(uint64_t /*started_at*/) const { return false; }
void ProcessContainer::Kill() {}
bool ProcessContainer::Close() { return true; }
void ProcessContainer::Release() {}

}  // namespace hardstop::platform

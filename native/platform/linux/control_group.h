#ifndef HARDSTOP_NATIVE_PLATFORM_LINUX_CONTROL_GROUP_H_
#define HARDSTOP_NATIVE_PLATFORM_LINUX_CONTROL_GROUP_H_

#include <cstdint>
#include <vector>

#include "platform/linux/descriptor.h"
#include "platform/process_container.h"

namespace hardstop::platform {

// A leaf of the hierarchy of control groups (version 2), made for the end of one process tree in
// the folder of the group that this process is in. It has no controllers, so that to be in it
// changes nothing for a process but what it dies with. On the killer's thread only.
class ControlGroup {
 public:
  // nullptr: there is no such thing here, or it is not permitted, or not now. Removes what
  // processes have left behind that ended in the middle of it.
  static ControlGroup* Make();
  // Removes the folder, or leaves that to the next one, if it is not empty.
  ~ControlGroup();

  ProcessContainer::Admission Admit(const ProcessEntry& process);
  bool List(std::vector<int32_t>* ids) const;
  void Expel(const ProcessEntry& process) const;
  bool IsSureOf(uint64_t started_at) const { return !is_doubtful_ && started_at >= made_at_; }
  void Kill() const;
  // True: it is gone. False: somebody is in it.
  bool Remove();

  // The tests': groups are made in this folder in place of the own group's; nullptr: no longer.
  // Whether groups are to be had is found out anew.
  static void UseFolder(const char* path);
  // The tests': how many were made.
  static uint32_t made();

  static constexpr size_t kLongestName = 79;

 private:
  explicit ControlGroup(Descriptor folder);
  bool MakeFolder();
  bool OpenFiles();

  Descriptor folder_;
  Descriptor processes_;
  Descriptor kill_;
  // Empty: not made yet, or removed.
  char name_[kLongestName + 1] = "";
  // In the unit of ProcessEntry::started_at, and not later than what is started in it.
  const uint64_t made_at_;
  // Whether a process may have come in that is not one of ours.
  bool is_doubtful_ = false;
};

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_LINUX_CONTROL_GROUP_H_

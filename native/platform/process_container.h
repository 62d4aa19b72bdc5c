#ifndef HARDSTOP_NATIVE_PLATFORM_PROCESS_CONTAINER_H_
#define HARDSTOP_NATIVE_PLATFORM_PROCESS_CONTAINER_H_

#include <cstdint>
#include <vector>

#include "platform/process_list.h"

namespace hardstop::platform {

class ControlGroup;

// What the system itself keeps processes and their later descendants together in. On Windows a
// job, which a process is adopted into when it has been started, and which dies with us. On Linux a
// control group, which processes are admitted to that are to be killed; on the killer's thread
// only. macOS has no such thing.
class ProcessContainer {
 public:
  ProcessContainer() = default;
  ProcessContainer(const ProcessContainer&) = delete;
  ProcessContainer& operator=(const ProcessContainer&) = delete;
  // As Release().
  ~ProcessContainer() { Release(); }

  // Takes in a process; `name` is the container's, its own among all of the machine. The process
  // stays outside where the system refuses, and where it admits processes later.
  void Adopt(int32_t pid, const char* name);

  // The next five are for a system that admits processes; they do nothing on others.
  //
  // Moves a process in, with all that it starts from then on. May take some 20 ms the first time.
  enum class Admission { kInside, kGone, kRefused };
  Admission Admit(const ProcessEntry& process);
  // Whether there is a container that processes were admitted to.
  bool is_admitting() const { return group_ != nullptr; }
  // Who is alive in it. False: of somebody that could not be found out.
  bool List(std::vector<ProcessEntry>* processes) const;
  // Who has come in by mistake goes back to where its parent is.
  void Expel(const ProcessEntry& process);
  // Whether whoever is in it either was admitted or was started in it. `started_at` is of such a
  // process.
  bool IsSureOf(uint64_t started_at) const;

  // Ends all that is in it, whatever it is forking.
  void Kill();
  // Lets it go, if nobody is in it who has to be waited for; true as well where there was none.
  bool Close();
  // Lets it go on without us. A group that is not empty is removed by who makes one later.
  void Release();

 private:
  // A handle; only Windows has one.
  [[maybe_unused]] uintptr_t job_ = 0;
  // Owned; only Linux has one, from the first that was admitted on.
  ControlGroup* group_ = nullptr;
};

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_PROCESS_CONTAINER_H_

#ifndef HARDSTOP_NATIVE_PLATFORM_PROCESS_CONTAINER_H_
#define HARDSTOP_NATIVE_PLATFORM_PROCESS_CONTAINER_H_

#include <cstdint>

namespace hardstop::platform {

// What the system itself keeps a process and its later descendants together in: a job on
// Windows; elsewhere there is no such thing that an ordinary process could make. What is in it
// dies with this process.
class ProcessContainer {
 public:
  ProcessContainer() = default;
  ProcessContainer(const ProcessContainer&) = delete;
  ProcessContainer& operator=(const ProcessContainer&) = delete;
  // As Release().
  ~ProcessContainer() { Release(); }

  // Takes in a process; `name` is the container's, its own among all of the machine. The process
  // stays outside where the system refuses.
  void Adopt(int32_t pid, const char* name);
  // Ends all that is in it.
  void Kill();
  // Lets it go on without us.
  void Release();

 private:
  // A handle; only Windows has one.
  [[maybe_unused]] uintptr_t job_ = 0;
};

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_PROCESS_CONTAINER_H_

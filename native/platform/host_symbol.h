#ifndef HARDSTOP_NATIVE_PLATFORM_HOST_SYMBOL_H_
#define HARDSTOP_NATIVE_PLATFORM_HOST_SYMBOL_H_

namespace hardstop::platform {

// One entry point of the program that loaded us, under the name it has in each
// of the two C++ ABIs.
struct HostSymbol {
  const char* itanium;
  const char* microsoft;
};

// Finds a function or variable that the host program exports, or nullptr.
// Any thread.
void* FindHostSymbol(const HostSymbol& symbol);

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_HOST_SYMBOL_H_

#ifndef HARDSTOP_NATIVE_PLATFORM_LINUX_DESCRIPTOR_H_
#define HARDSTOP_NATIVE_PLATFORM_LINUX_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace hardstop::platform {

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }

  bool is_open() const { return number_ >= 0; }
  int get() const { return number_; }
  // Whoever takes it closes it.
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_LINUX_DESCRIPTOR_H_

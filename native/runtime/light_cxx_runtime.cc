// What the core, node-addon-api's headers included, needs of a C++ runtime library, for the
// binaries that scripts/prebuild makes.
//
// Linking libstdc++ dynamically would tie a binary to a version of it (and there are musl systems
// without any); linking libc++ statically brings in locales, streams and unwinding, some 200 KB,
// for these few functions. They are local to the binary (native/exports.map), so memory never
// crosses from this allocator to another's `delete`: Node-API is a C interface. Builds from
// source (binding.gyp) use the system's runtime library and not this file.

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>

namespace {

void* Allocate(std::size_t size) noexcept { return std::malloc(size == 0 ? 1 : size); }

// Without exceptions there is nobody to tell: the same end as Node's own for an exhausted heap.
void* AllocateOrAbort(std::size_t size) noexcept {
  void* memory = Allocate(size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

namespace std {

const nothrow_t nothrow{};

}  // namespace std

void* operator new(std::size_t size) { return AllocateOrAbort(size); }
void* operator new[](std::size_t size) { return AllocateOrAbort(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

// libc++'s headers declare std::string's larger members as living in its library; here they are
// made. Those that nobody calls are dropped by the linker.
template class std::basic_string<char>;

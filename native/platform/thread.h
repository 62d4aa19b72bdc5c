#ifndef HARDSTOP_NATIVE_PLATFORM_THREAD_H_
#define HARDSTOP_NATIVE_PLATFORM_THREAD_H_

namespace hardstop::platform {

// Starts a thread that nobody joins, tuned to wake on time: all signals blocked in it (a signal
// meant for the program must never run its handler there), the finest timers and the most urgent
// scheduling that an ordinary process may ask for. `name` (at most 15 bytes) is what debuggers
// and `top -H` show; it must live for ever. Returns false, and changes nothing, if the system has
// no thread to give.
[[nodiscard]] bool StartDetachedThread(void (*entry)(void*), void* argument,
                                       const char* name) noexcept;

// How many processors this process may run on now (affinity masks count where the system has
// them); at least 1.
unsigned OnlineCores() noexcept;

// Tells the processor that the calling loop is a spin-wait.
void CpuRelax() noexcept;

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_THREAD_H_

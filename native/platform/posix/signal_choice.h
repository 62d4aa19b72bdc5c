#ifndef HARDSTOP_NATIVE_PLATFORM_POSIX_SIGNAL_CHOICE_H_
#define HARDSTOP_NATIVE_PLATFORM_POSIX_SIGNAL_CHOICE_H_

namespace hardstop::platform {

// Whether nobody in this process handles or ignores the signal.
bool SignalIsFree(int number);

// The number that a setting names, at most `highest`; 0 means none. -1: it names no signal.
int ParseSignalNumber(const char* setting, int highest);

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_POSIX_SIGNAL_CHOICE_H_

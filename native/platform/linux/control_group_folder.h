#ifndef HARDSTOP_NATIVE_PLATFORM_LINUX_CONTROL_GROUP_FOLDER_H_
#define HARDSTOP_NATIVE_PLATFORM_LINUX_CONTROL_GROUP_FOLDER_H_

#include <cstddef>
#include <cstdint>

#include "platform/linux/descriptor.h"

namespace hardstop::platform {

// The group of version 2 that a process is in, from the text of its /proc/PID/cgroup; copied to
// `group`. False: there is none, or none that has a name here.
bool ParseGroup(const char* text, char* group, size_t room);

// Where that group's folder is, by the next line of a /proc/PID/mountinfo that mounts it; `lines`
// is moved behind that line. False: no line does.
bool NextGroupFolder(const char** lines, const char* group, char* folder, size_t room);

// Opens the folder of the group that a process is in. Not open: there is none, and errno says
// EMFILE, ENFILE or ENOMEM if that may change.
Descriptor OpenGroupFolder(int32_t pid);

}  // namespace hardstop::platform

#endif  // HARDSTOP_NATIVE_PLATFORM_LINUX_CONTROL_GROUP_FOLDER_H_

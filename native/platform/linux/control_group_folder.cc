#include "platform/linux/control_group_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <vector>

namespace hardstop::platform {
namespace {

// On a machine with many containers there are thousands of mounts.
constexpr size_t kLargestText = 16 * 1024 * 1024;

// A file of /proc, with a 0 at its end. Empty: not to be had; errno says why.
std::vector<char> ReadText(const char* path) {
  std::vector<char> text;
  const Descriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) return text;
  size_t length = 0;
  ssize_t piece = 0;
  text.resize(size_t{4} * 1024);
  while ((piece = read(file.get(), text.data() + length, text.size() - 1 - length)) > 0) {
    length += static_cast<size_t>(piece);
    if (length == text.size() - 1 && text.size() < kLargestText) text.resize(text.size() * 2);
  }
  text.resize(piece < 0 ? 0 : length + 1);
  if (!text.empty()) text[length] = '\0';
  return text;
}

// Copies up to a character; an octal number after a backslash is the character that it stands for.
// Returns where that ended, or nullptr where there is no room.
const char* CopyField(const char* from, char end, char* to, size_t room) {
  size_t length = 0;
  for (; *from != end && *from != '\0' && *from != '\n'; ++from) {
    if (length + 1 >= room) return nullptr;
    char next = *from;
    if (next == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] != '\0' && from[3] != '\0') {
      next = static_cast<char>((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
      from += 3;
    }
    to[length++] = next;
  }
  to[length] = '\0';
  return from;
}

const char* SkipFields(const char* at, int count) {
  for (; count > 0 && at != nullptr; --count) {
    at = strpbrk(at, " \n");
    at = at == nullptr || *at == '\n' ? nullptr : at + 1;
  }
  return at;
}

bool IsGroupFolder(int folder) {
  struct statfs system;
  return fstatfs(folder, &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC;
}

}  // namespace

bool ParseGroup(const char* text, char* group, size_t room) {
  constexpr char kPrefix[] = "0::/";
  constexpr char kRemoved[] = " (deleted)";
  while (text != nullptr && strncmp(text, kPrefix, strlen(kPrefix)) != 0) {
    text = strchr(text, '\n');
    if (text != nullptr) ++text;
  }
  if (text == nullptr) return false;
  text += strlen(kPrefix) - 1;
  const size_t length = strcspn(text, "\n");
  if (length >= room) return false;
  memcpy(group, text, length);
  group[length] = '\0';
  const size_t suffix = strlen(kRemoved);
  const bool is_removed = length > suffix && strcmp(group + length - suffix, kRemoved) == 0;
  // Outside of the namespace that this process sees.
  const bool is_outside = strncmp(group, "/..", 3) == 0;
  return !is_removed && !is_outside;
}

bool NextGroupFolder(const char** lines, const char* group, char* folder, size_t room) {
  while (**lines != '\0') {
    const char* line = *lines;
    const size_t length = strcspn(line, "\n");
    *lines = line + length + (line[length] == '\n' ? 1 : 0);
    // Number, parent, device, root, place, options, optional fields, a dash, the type.
    char root[PATH_MAX];
    const char* at = SkipFields(line, 3);
    if (at == nullptr || CopyField(at, ' ', root, sizeof root) == nullptr) continue;
    const char* place = SkipFields(at, 1);
    const char* dash = strstr(line, " - ");
    if (place == nullptr || dash == nullptr || dash >= line + length) continue;
    if (strncmp(dash, " - cgroup2 ", strlen(" - cgroup2 ")) != 0) continue;
    if (CopyField(place, ' ', folder, room) == nullptr) continue;
    // Not the whole hierarchy may be mounted there.
    const size_t above = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(group, root, above) != 0) continue;
    const char* below = group + above;
    if (*below != '\0' && *below != '/') continue;
    const size_t used = strlen(folder);
    if (used + strlen(below) + 1 > room) continue;
    memcpy(folder + used, below, strlen(below) + 1);
    return true;
  }
  return false;
}

Descriptor OpenGroupFolder(int32_t pid) {
  char path[40];
  char group[PATH_MAX];
  char folder[PATH_MAX];
  std::snprintf(path, sizeof path, "/proc/%d/cgroup", pid);
  errno = 0;
  const std::vector<char> groups = ReadText(path);
  if (groups.empty() || !ParseGroup(groups.data(), group, sizeof group)) return Descriptor();
  const std::vector<char> mounts = ReadText("/proc/self/mountinfo");
  if (mounts.empty()) return Descriptor();
  const char* lines = mounts.data();
  while (NextGroupFolder(&lines, group, folder, sizeof folder)) {
    Descriptor opened(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Another file system may be mounted over it.
    if (opened.is_open() && IsGroupFolder(opened.get())) return opened;
  }
  return Descriptor();
}

}  // namespace hardstop::platform

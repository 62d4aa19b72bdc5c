#include "process/containment.h"

#include <algorithm>

namespace hardstop {

using platform::ProcessContainer;
using platform::ProcessEntry;

namespace {

// The first takes up to 20 ms, each further one up to 50 us: some 13 ms for all of these.
constexpr int kMostAtOnce = 256;

bool MayBeTakenIn(const TreeMember& member) {
  return !member.contained && !member.uncontainable && !member.refused && !member.killed;
}

}  // namespace

void Containment::Adopt(const TreeTarget& target) { container_.Adopt(target.pid, target.mark); }

void Containment::KillAdopted() {
  // A job has nobody in it but those that were started in it. A group may have.
  if (!container_.is_admitting()) container_.Kill();
}

size_t Containment::Refresh(TreeMembers* members) {
  std::vector<ProcessEntry> inside;
  const bool is_known = container_.List(&inside);
  size_t outside = 0;
  for (TreeMember& member : members->members()) {
    const auto is_it = [&member](const ProcessEntry& process) {
      return process.IsSameAs(member.process);
    };
    if (is_known) member.contained = std::any_of(inside.begin(), inside.end(), is_it);
    if (MayBeTakenIn(member)) ++outside;
  }
  return outside;
}

void Containment::TakeIn(TreeMembers* members) {
  FindAdopters(*members);
  int count = 0;
  for (TreeMember& member : members->members()) {
    if (!MayBeTakenIn(member)) continue;
    if (++count > kMostAtOnce) return;
    const ProcessContainer::Admission admission = container_.Admit(member.process);
    member.contained = admission == ProcessContainer::Admission::kInside;
    member.uncontainable = admission == ProcessContainer::Admission::kRefused;
  }
}

bool Containment::KillInside(const TreeMembers& members, std::vector<int32_t>* killed) {
  std::vector<ProcessEntry> inside;
  // Nobody is killed without having been looked at.
  if (!container_.List(&inside) || inside.empty()) return false;
  const std::vector<bool> ours = FindOurs(members, inside);
  bool all = true;
  for (size_t i = 0; i < inside.size(); ++i) {
    // Somebody else may have put us there.
    const bool is_self = inside[i].pid == platform::OwnProcessId();
    if (ours[i] && !is_self) continue;
    if (!is_self) container_.Expel(inside[i]);
    all = false;
  }
  if (!all) return false;
  container_.Kill();
  for (const ProcessEntry& process : inside) killed->push_back(process.pid);
  return true;
}

std::vector<int32_t> Containment::ListInside() const {
  std::vector<ProcessEntry> inside;
  std::vector<int32_t> ids;
  container_.List(&inside);
  ids.reserve(inside.size());
  for (const ProcessEntry& process : inside) ids.push_back(process.pid);
  return ids;
}

// Ours are the members, what their parent in the group or in the tree has started, and those that
// were left by such a parent. For these there is no other sign than that they were started in the
// group; who was moved there from elsewhere has a parent elsewhere, or is older than the group.
std::vector<bool> Containment::FindOurs(const TreeMembers& members,
                                        const std::vector<ProcessEntry>& inside) const {
  std::vector<bool> ours(inside.size(), false);
  const auto is_ours = [&](int32_t pid) {
    for (size_t i = 0; i < inside.size(); ++i) {
      if (inside[i].pid == pid) return static_cast<bool>(ours[i]);
    }
    ProcessEntry process;
    return platform::ReadProcess(pid, &process) && members.Has(process);
  };
  for (size_t i = 0; i < inside.size(); ++i) {
    ours[i] = members.Has(inside[i]) ||
              (container_.IsSureOf(inside[i].started_at) && IsAdopter(inside[i].parent));
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (size_t i = 0; i < inside.size(); ++i) {
      if (ours[i] || !is_ours(inside[i].parent)) continue;
      ours[i] = true;
      grown = true;
    }
  }
  return ours;
}

// The system gives them to the first process, or to an ancestor that has asked for it.
void Containment::FindAdopters(const TreeMembers& members) {
  if (!adopters_.empty()) return;
  adopters_.push_back(1);
  NoteAncestors(members.root().parent);
  NoteAncestors(platform::OwnProcessId());
}

void Containment::NoteAncestors(int32_t pid) {
  ProcessEntry process;
  while (pid > 1 && !IsAdopter(pid)) {
    adopters_.push_back(pid);
    if (!platform::ReadProcess(pid, &process)) return;
    pid = process.parent;
  }
}

bool Containment::IsAdopter(int32_t pid) const {
  return std::find(adopters_.begin(), adopters_.end(), pid) != adopters_.end();
}

}  // namespace hardstop

#include "process/tree_members.h"

#include <algorithm>
#include <utility>

namespace hardstop {

using platform::ProcessEntry;

TreeMembers::TreeMembers(const TreeTarget& target)
    : target_(target), has_root_(platform::ReadProcess(target.pid, &root_)) {
  if (has_root_) NoteLeader(root_);
}

size_t TreeMembers::FindRoot() {
  has_list_ = true;
  has_all_ = true;
  ProcessEntry now;
  const bool is_there =
      has_root_ && platform::ReadProcess(target_.pid, &now) && now.IsSameAs(root_) && now.alive;
  const bool is_new = is_there && members_.empty();
  if (is_new) members_.emplace_back();
  if (!is_there) members_.clear();
  for (TreeMember& member : members_) {
    member.process = now;
    member.is_root = true;
  }
  return is_new ? 1 : 0;
}

size_t TreeMembers::Find(SharedSnapshot* processes, bool is_update) {
  if (target_.scope == TreeScope::kRoot) return FindRoot();
  ProcessSnapshot* snapshot = is_update ? processes->GetUpdated() : processes->Get();
  has_list_ = snapshot->is_there();
  has_all_ = false;
  if (!has_list_) return 0;
  in_tree_.assign(snapshot->size(), false);
  DropReusedIds(*snapshot);
  Seed(*snapshot);
  Close(*snapshot);
  AddMarked(snapshot);
  Close(*snapshot);
  std::vector<TreeMember> found;
  size_t known = 0;
  for (size_t i = 0; i < in_tree_.size(); ++i) {
    const ProcessEntry& process = (*snapshot)[i];
    if (!in_tree_[i] || !process.alive) continue;
    if (target_.scope == TreeScope::kDescendants && IsRoot(process)) continue;
    TreeMember* before = Member(process.pid);
    TreeMember member;
    if (before != nullptr && before->process.IsSameAs(process)) {
      member = std::move(*before);
      ++known;
    } else if (Evades(process, i, snapshot)) {
      is_evasive_ = true;
    }
    // Its parent and its group may have changed.
    member.process = process;
    member.is_root = IsRoot(process);
    member.alive = true;
    found.push_back(std::move(member));
  }
  members_.swap(found);
  has_all_ = snapshot->is_whole();
  return members_.size() - known;
}

size_t TreeMembers::Refresh() {
  size_t left = 0;
  for (TreeMember& member : members_) {
    if (!member.alive) continue;
    member.alive = platform::IsAlive(member.process, member.hold);
    if (member.alive && !member.refused) ++left;
  }
  return left;
}

void TreeMembers::Hold() {
  for (TreeMember& member : members_) {
    if (!member.hold.IsHolding()) member.hold = platform::ProcessHold(member.process);
  }
}

TreeMember* TreeMembers::Member(int32_t pid) {
  const auto found = std::lower_bound(
      members_.begin(), members_.end(), pid,
      [](const TreeMember& member, int32_t id) { return member.process.pid < id; });
  return found == members_.end() || found->process.pid != pid ? nullptr : &*found;
}

bool TreeMembers::Has(const ProcessEntry& process) const {
  return std::any_of(members_.begin(), members_.end(), [&process](const TreeMember& member) {
    return member.process.IsSameAs(process);
  });
}

void TreeMembers::KillGroups() const {
  for (const Leader& leader : leaders_) {
    const bool spares_root = target_.scope == TreeScope::kDescendants && has_root_;
    if (spares_root && leader.id == root_.group) continue;
    for (const TreeMember& member : members_) {
      if (member.process.group != leader.id) continue;
      platform::KillGroup(leader.id);
      break;
    }
  }
}

std::vector<TreeMembers::Leader>::const_iterator TreeMembers::LeaderAt(int32_t id) const {
  return std::lower_bound(leaders_.begin(), leaders_.end(), id,
                          [](const Leader& leader, int32_t wanted) { return leader.id < wanted; });
}

bool TreeMembers::IsLeader(int32_t id) const {
  const auto leader = LeaderAt(id);
  return leader != leaders_.end() && leader->id == id;
}

bool TreeMembers::IsLed(const ProcessEntry& process) const {
  return IsLeader(process.session) || IsLeader(process.group);
}

void TreeMembers::NoteLeader(const ProcessEntry& process) {
  // The group of a foreign root that does not lead its session may hold its brothers: a shell's
  // pipeline.
  const bool is_foreign_root = process.pid == target_.pid && !is_marked();
  const bool leads =
      process.session == process.pid || (process.group == process.pid && !is_foreign_root);
  if (!leads || IsLeader(process.pid)) return;
  leaders_.insert(LeaderAt(process.pid), {process.pid, process.started_at});
}

// The others of an ordinary tree, which are most, need not be looked at.
bool TreeMembers::Evades(const ProcessEntry& process, size_t index,
                         ProcessSnapshot* snapshot) const {
  if (!is_marked() || is_evasive_ || process.pid == target_.pid) return false;
  const bool is_beside_root = (process.session == root_.session && root_.session == root_.pid) ||
                              (process.group == root_.group && root_.group == root_.pid);
  return !is_beside_root && !snapshot->IsMarked(index, target_.mark);
}

// While a group or session has members its id is not used again; afterwards it may be.
void TreeMembers::DropReusedIds(const ProcessSnapshot& snapshot) {
  auto is_over = [&snapshot](const Leader& leader) {
    const size_t index = snapshot.Find(leader.id);
    if (index != ProcessSnapshot::kNone) return snapshot[index].started_at != leader.started_at;
    return !snapshot.HasGroupOrSession(leader.id);
  };
  leaders_.erase(std::remove_if(leaders_.begin(), leaders_.end(), is_over), leaders_.end());
}

void TreeMembers::Seed(const ProcessSnapshot& snapshot) {
  for (const TreeMember& member : members_) {
    const size_t index = snapshot.Find(member.process.pid);
    if (index != ProcessSnapshot::kNone && snapshot[index].IsSameAs(member.process)) {
      Add(index, snapshot[index]);
    }
  }
  const size_t root = snapshot.Find(target_.pid);
  if (root != ProcessSnapshot::kNone && IsRoot(snapshot[root])) Add(root, snapshot[root]);
}

void TreeMembers::AddMarked(ProcessSnapshot* snapshot) {
  if (!is_marked()) return;
  for (size_t i = 0; i < snapshot->size(); ++i) {
    const ProcessEntry& process = (*snapshot)[i];
    // Nothing that was there before the root descends from it.
    if (in_tree_[i] || process.started_at < root_.started_at) continue;
    if (snapshot->IsMarked(i, target_.mark)) Add(i, process);
  }
}

// Adds descendants, and the members of groups and sessions, until there are no more. Ids mostly
// grow from parent to child, so that the second pass finds nothing.
void TreeMembers::Close(const ProcessSnapshot& snapshot) {
  bool grown = true;
  while (grown) {
    grown = false;
    for (size_t i = 0; i < snapshot.size(); ++i) {
      if (in_tree_[i]) continue;
      const ProcessEntry& process = snapshot[i];
      const size_t parent = snapshot.Find(process.parent);
      const bool is_child = parent != ProcessSnapshot::kNone && in_tree_[parent] &&
                            process.started_at >= snapshot[parent].started_at;
      if (!is_child && !IsLed(process)) continue;
      Add(i, process);
      grown = true;
    }
  }
}

void TreeMembers::Add(size_t index, const ProcessEntry& process) {
  in_tree_[index] = true;
  NoteLeader(process);
}

}  // namespace hardstop

#ifndef HARDSTOP_NATIVE_PROCESS_TREE_MEMBERS_H_
#define HARDSTOP_NATIVE_PROCESS_TREE_MEMBERS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "platform/process_list.h"
#include "process/process_snapshot.h"

namespace hardstop {

// Mirrored by src/native/binding.ts.
enum class TreeScope : int32_t { kTree, kRoot, kDescendants };

// Which processes are meant.
struct TreeTarget {
  static constexpr size_t kLongestMark = 95;

  int32_t pid = 0;
  TreeScope scope = TreeScope::kTree;
  // What the descendants of the root were started with; empty: not known.
  char mark[kLongestMark + 1] = "";
};

// A process of the tree that was alive at the last look but one.
struct TreeMember {
  platform::ProcessEntry process;
  platform::ProcessHold hold;
  bool is_root = false;
  // As of the last look.
  bool alive = true;
  // For who ends the tree. Which of his looks had it sent the signal that asks; 0: none yet.
  uint32_t asked_at = 0;
  bool signalled = false;
  bool frozen = false;
  bool killed = false;
  bool refused = false;
  // Whether it is in a container in which all that it starts is found.
  bool contained = false;
  // It was to be put there; it is not asked twice.
  bool uncontainable = false;
};

// Finds the processes of a tree: the root, those that were found before, those of a group or a
// session that one of them leads, those that were started with the mark, and the descendants of
// all of these. Not synchronised: made on the thread that plans, then the killer's alone.
class TreeMembers {
 public:
  // To be made while the root has not been reaped.
  explicit TreeMembers(const TreeTarget& target);

  // The root was reaped, or is about to be: its id says nothing any more.
  void ForgetRoot() { has_root_ = false; }
  // Whether the root is to be ended and was not reaped.
  bool has_root() const { return has_root_ && target_.scope != TreeScope::kDescendants; }
  int32_t root_id() const { return target_.pid; }
  // Looks for all members that are alive. How many are new. `is_update`: those that were known may
  // be found though they have ended, until Refresh() has looked.
  size_t Find(SharedSnapshot* processes, bool is_update = false);
  // Whether there was a list to find them in; if not, those of the last are kept.
  bool has_list() const { return has_list_; }
  // Whether it surely was all.
  bool has_all() const { return has_all_; }
  // Looks at those only that were found last. How many can still be ended.
  size_t Refresh();
  // Holds on to those that were found last.
  void Hold();

  // Whether descendants are to be ended, with the root or alone.
  bool has_descendants() const { return target_.scope != TreeScope::kRoot; }
  // Whether what it is started with tells who belongs to the tree.
  bool is_marked() const { return target_.mark[0] != '\0'; }
  // Whether one of them was found that has left the session and the group of the root and does not
  // bear the mark: nobody could tell whose its children were if it ended.
  bool is_evasive() const { return is_evasive_; }
  // As it was when the tree was planned.
  const platform::ProcessEntry& root() const { return root_; }
  // What is to be ended, ordered by id.
  std::vector<TreeMember>& members() { return members_; }
  const std::vector<TreeMember>& members() const { return members_; }
  // The member of that id, or nullptr.
  TreeMember* Member(int32_t pid);
  // Whether it was one of those that were found last.
  bool Has(const platform::ProcessEntry& process) const;
  // Kills the groups that members lead or led, each in one step.
  void KillGroups() const;

 private:
  struct Leader {
    int32_t id;
    uint64_t started_at;
  };

  bool IsRoot(const platform::ProcessEntry& process) const {
    return has_root_ && process.IsSameAs(root_);
  }
  std::vector<Leader>::const_iterator LeaderAt(int32_t id) const;
  bool IsLeader(int32_t id) const;
  bool IsLed(const platform::ProcessEntry& process) const;
  void NoteLeader(const platform::ProcessEntry& process);
  bool Evades(const platform::ProcessEntry& process, size_t index, ProcessSnapshot* snapshot) const;
  void DropReusedIds(const ProcessSnapshot& snapshot);
  void Seed(const ProcessSnapshot& snapshot);
  size_t FindRoot();
  void AddMarked(ProcessSnapshot* snapshot);
  void Close(const ProcessSnapshot& snapshot);
  void Add(size_t index, const platform::ProcessEntry& process);

  const TreeTarget target_;
  platform::ProcessEntry root_;
  // Whether the root's id is still taken by the root, alive or not reaped.
  bool has_root_ = false;
  bool has_list_ = false;
  bool has_all_ = false;
  bool is_evasive_ = false;
  std::vector<TreeMember> members_;
  // Groups and sessions that belong to the tree, by the processes that lead or led them;
  // ordered by id.
  std::vector<Leader> leaders_;
  // Which processes of the snapshot that is being looked at are in the tree.
  std::vector<bool> in_tree_;
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_PROCESS_TREE_MEMBERS_H_

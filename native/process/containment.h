#ifndef HARDSTOP_NATIVE_PROCESS_CONTAINMENT_H_
#define HARDSTOP_NATIVE_PROCESS_CONTAINMENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "platform/process_container.h"
#include "process/tree_members.h"

namespace hardstop {

// What keeps the processes of one tree together, so that all of them can be killed in one step. The
// killer's alone, but for Adopt().
class Containment {
 public:
  // On the thread that plans.
  void Adopt(const TreeTarget& target);

  // Notes which members are inside, because they were put there or started there. How many could
  // still be put there.
  size_t Refresh(TreeMembers* members);
  // Puts as many there as may be without holding up other trees.
  void TakeIn(TreeMembers* members);
  // Kills all that are inside, and tells who they were. False: nobody was killed, since there are
  // others among them, who are sent back, or nobody is inside.
  bool KillInside(const TreeMembers& members, std::vector<int32_t>* killed);
  // Kills what was adopted.
  void KillAdopted();
  // Who is inside; empty as well if that cannot be found out.
  std::vector<int32_t> ListInside() const;
  bool is_used() const { return container_.is_admitting(); }
  // Whether nobody is left inside; then it is no longer used.
  bool Close() { return container_.Close(); }
  void Release() { container_.Release(); }

 private:
  void FindAdopters(const TreeMembers& members);
  void NoteAncestors(int32_t pid);
  bool IsAdopter(int32_t pid) const;
  std::vector<bool> FindOurs(const TreeMembers& members,
                             const std::vector<platform::ProcessEntry>& inside) const;

  platform::ProcessContainer container_;
  // Who may have become the parent of a process of the tree whose own has ended.
  std::vector<int32_t> adopters_;
};

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_PROCESS_CONTAINMENT_H_

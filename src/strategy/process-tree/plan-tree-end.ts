import { GroupTreeView } from './group-tree-view.js';
import { LinuxTreeView } from './linux-tree-view.js';
import { canListProcesses } from './linux-processes.js';
import { NativeTreeEnd } from './native-tree-end.js';
import { TimerTreeEnd } from './timer-tree-end.js';
import type { ProcessTree, TreeEnd, TreeEndPlan } from './tree-end.js';
import type { TreeView } from './tree-view.js';
import { WindowsTreeView } from './windows-tree-view.js';

/** Plans how and when a process tree is ended. To be called while its root is there, or has not been reaped. */
export function planTreeEnd(tree: ProcessTree, plan: TreeEndPlan): TreeEnd {
  return NativeTreeEnd.plan(tree, plan) ?? new TimerTreeEnd(viewTree(tree), plan);
}

function viewTree(tree: ProcessTree): TreeView {
  if (process.platform === 'win32') return new WindowsTreeView(tree);
  return canListProcesses() ? new LinuxTreeView(tree) : new GroupTreeView(tree);
}

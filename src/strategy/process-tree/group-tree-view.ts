import type { ProcessTree } from './tree-end.js';
import { sendSignal, type SendResult, type TreeMember, type TreeView } from './tree-view.js';

/** Where processes cannot be listed: the root, and its group where it leads one, as one member. */
export class GroupTreeView implements TreeView {
  readonly hasSoftSignal = true;
  readonly losesOrphans = false;
  readonly #tree: ProcessTree;
  readonly #hasGroup: boolean;
  #hasRoot = true;

  constructor(tree: ProcessTree) {
    this.#tree = tree;
    // A child of ours leads a group of its own, or there is no group of that id.
    this.#hasGroup = tree.scope !== 'root' && sendSignal(-tree.pid, 0) !== 'gone';
  }

  forgetRoot(): void {
    this.#hasRoot = false;
  }

  scan(): readonly TreeMember[] {
    const { pid, scope } = this.#tree;
    // A group cannot be told to spare its leader.
    if (scope === 'descendants' && this.#hasRoot) return [];
    const id = this.#hasGroup ? -pid : pid;
    const isThere = (this.#hasGroup || this.#hasRoot) && sendSignal(id, 0) !== 'gone';
    return isThere ? [{ pid: id, parent: 0, isRoot: this.#hasRoot }] : [];
  }

  send(member: TreeMember, signal: NodeJS.Signals | number): SendResult {
    return sendSignal(member.pid, signal);
  }
}

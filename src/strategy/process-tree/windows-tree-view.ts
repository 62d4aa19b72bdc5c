import { spawn } from 'node:child_process';
import type { ProcessTree } from './tree-end.js';
import { sendSignal, type SendResult, type TreeMember, type TreeView } from './tree-view.js';

/** Windows without the addon: the system's own program ends a tree. */
export class WindowsTreeView implements TreeView {
  // A process can be ended there, but not asked to end.
  readonly hasSoftSignal = false;
  readonly losesOrphans = false;
  readonly #tree: ProcessTree;
  #hasRoot = true;
  #asked = false;

  constructor(tree: ProcessTree) {
    this.#tree = tree;
  }

  forgetRoot(): void {
    this.#hasRoot = false;
  }

  scan(): readonly TreeMember[] {
    const { pid, scope } = this.#tree;
    // Without the root the tree cannot be found any more.
    const isThere = this.#hasRoot && scope !== 'descendants' && sendSignal(pid, 0) !== 'gone';
    return isThere ? [{ pid, parent: 0, isRoot: true }] : [];
  }

  send(member: TreeMember): SendResult {
    if (this.#tree.scope === 'root') return sendSignal(member.pid, 'SIGKILL');
    if (!this.#asked) this.#startTaskkill(member.pid);
    return 'sent';
  }

  #startTaskkill(pid: number): void {
    this.#asked = true;
    const taskkill = spawn('taskkill', ['/pid', String(pid), '/T', '/F'], {
      stdio: 'ignore',
      windowsHide: true,
    });
    taskkill.once('error', () => sendSignal(pid, 'SIGKILL'));
  }
}

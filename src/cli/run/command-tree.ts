import { constants } from 'node:os';
import { LinuxTreeView } from '../../strategy/process-tree/linux-tree-view.js';
import { canListProcesses, readProcess } from '../../strategy/process-tree/linux-processes.js';
import { TimerTreeEnd } from '../../strategy/process-tree/timer-tree-end.js';
import type { TreeEnd } from '../../strategy/process-tree/tree-end.js';
import type { TreeMember } from '../../strategy/process-tree/tree-view.js';

const { SIGCONT, SIGKILL } = constants.signals;

/** What a command has started, wherever it has gone: also outside of the group, which is all that coreutils signals. */
export class CommandTree {
  /** Remembers whom it has found. */
  readonly #view: LinuxTreeView | undefined;
  readonly #end: TreeEnd;

  private constructor(view: LinuxTreeView | undefined, end: TreeEnd) {
    this.#view = view;
    this.#end = end;
  }

  /** While the command has not been reaped: then its id is its own. */
  static async open(pid: number, mark: string): Promise<CommandTree> {
    const tree = { pid, mark, scope: 'tree' } as const;
    // Whoever is to be asked to end has been, when this begins.
    const plan = { deadline: Infinity, grace: Infinity, signal: 0 };
    if (canListProcesses()) {
      const view = new LinuxTreeView(tree);
      // Nothing blocks this event loop: there is no need for another thread, nor to load what has one.
      return new CommandTree(view, new TimerTreeEnd(view, plan));
    }
    const { planTreeEnd } = await import('../../strategy/process-tree/plan-tree-end.js');
    return new CommandTree(undefined, planTreeEnd(tree, plan));
  }

  /** Those that live outside of a group, or all where that is 0. To be asked for before the first signal is sent. */
  findStrays(group: number): readonly TreeMember[] {
    const members = this.#view?.scan() ?? [];
    return members.filter(
      ({ pid, isRoot }) => !isRoot && (group === 0 || readProcess(pid)?.group !== group),
    );
  }

  /** Sends a signal to some that were found, and wakes them so that they can take it. */
  send(members: readonly TreeMember[], signal: number): void {
    for (const member of members) {
      this.#view?.send(member, signal);
      if (signal !== SIGKILL && signal !== SIGCONT) this.#view?.send(member, SIGCONT);
    }
  }

  /** Uses force on all that is left, at once or, where that has begun, in place of waiting. */
  kill(): void {
    this.#end.begin(0);
  }

  /**
   * Waits until nothing is left of the tree, and uses force after `grace` ms.
   *
   * @returns what it could not end.
   */
  async end(grace: number): Promise<readonly number[]> {
    this.#end.begin(grace);
    this.#end.rootEnded(true);
    const { survivors } = await this.#end.report;
    return survivors;
  }
}

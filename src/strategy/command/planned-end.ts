import { now } from '../../clock.js';
import { guardTree, releaseTree } from '../process-tree/orphan-guard.js';
import { planTreeEnd } from '../process-tree/plan-tree-end.js';
import type { ProcessTree, TreeEnd, TreeEndReport } from '../process-tree/tree-end.js';

/**
 * The end of one command's tree: planned while it has a deadline, so that it comes on time also while this thread is
 * busy, or begun when somebody asks for it.
 */
export class PlannedEnd {
  readonly #tree: ProcessTree;
  #signal: NodeJS.Signals | number;
  #end: TreeEnd | undefined;
  #deadline: number = Infinity;
  #grace: number;
  #hardAt: number = Infinity;

  constructor(tree: ProcessTree, signal: NodeJS.Signals | number, grace: number) {
    this.#tree = tree;
    this.#signal = signal;
    this.#grace = grace;
    if (tree.mark !== undefined) guardTree(tree.pid, tree.mark);
  }

  /** When force is used at the latest; `Infinity`: nobody has said so. */
  get hardAt(): number {
    return Math.min(this.#hardAt, this.#deadline + this.#grace);
  }

  /** It was begun, or the time for it has come. */
  get isDue(): boolean {
    return this.#hardAt !== Infinity || now() >= this.#deadline;
  }

  /** Plans it by the clock, or anew. Nothing happens once it is due. */
  plan(deadline: number, hardDeadline: number): void {
    if (this.isDue) return;
    const grace = deadline === Infinity ? this.#grace : hardDeadline - deadline;
    if (this.#end !== undefined && grace !== this.#grace) {
      this.#end.rootEnded(false);
      this.#end = undefined;
    }
    this.#deadline = deadline;
    this.#grace = grace;
    if (this.#end !== undefined) this.#end.reschedule(deadline);
    else if (deadline !== Infinity) this.#end = this.#make(deadline);
  }

  /** Has it begin with another signal, unless it has begun. */
  signalWith(signal: NodeJS.Signals | number): void {
    if (this.isDue || signal === this.#signal) return;
    this.#signal = signal;
    this.#end?.rootEnded(false);
    this.#end = undefined;
  }

  /** Begins it, with force at `hardAt`. */
  begin(hardAt: number): void {
    this.#hardAt = Math.min(this.#hardAt, hardAt);
    this.#end ??= this.#make(Infinity);
    this.#end.begin(Math.max(0, hardAt - now()));
  }

  /** The process was reaped: its number may be given to another one. */
  rootExited(): void {
    // While it is only planned its descendants are still to be ended by the clock, should they hold output open.
    if (this.isDue) this.#end?.rootEnded(this.#tree.scope === 'tree');
  }

  /** The command has ended by itself, and in time: what is left of its tree is let go. */
  release(): void {
    this.#end?.rootEnded(false);
    this.#unguard();
  }

  /** What was done; settles once the tree is over. */
  async report(): Promise<TreeEndReport | undefined> {
    const report = await this.#end?.report;
    this.#unguard();
    return report;
  }

  #unguard(): void {
    const { pid, mark } = this.#tree;
    if (mark !== undefined) releaseTree(pid, mark);
  }

  #make(deadline: number): TreeEnd {
    return planTreeEnd(this.#tree, { deadline, grace: this.#grace, signal: this.#signal });
  }
}

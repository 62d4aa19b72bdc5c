import { now } from '../../clock.js';
import { guardTree, releaseTree } from '../process-tree/orphan-guard.js';
import { planTreeEnd } from '../process-tree/plan-tree-end.js';
import type { TreeEnd, TreeEndReport } from '../process-tree/tree-end.js';

/** Two threads read the clock, and their scales differ by less, ms: an instant that is no further away may have struck. */
const CLOCK_MARGIN_MS = 0.5;

/**
 * How a host's process and what it has started are ended. Force upon the whole tree is planned for as long as the process
 * lives, and only its instant moves; the soft signal to the descendants is planned for calls that have a grace.
 */
export class ProcessEnd {
  /** Settles once the tree is dead, or given up. */
  readonly forced: Promise<TreeEndReport>;
  readonly #pid: number;
  readonly #mark: string;
  readonly #force: TreeEnd;
  #forceAt = Infinity;
  #soft: { readonly end: TreeEnd; readonly grace: number } | undefined;
  #softAt = Infinity;

  constructor(pid: number, mark: string) {
    this.#pid = pid;
    this.#mark = mark;
    this.#force = planTreeEnd(
      { pid, mark, scope: 'tree' },
      { deadline: Infinity, grace: 0, signal: 'SIGKILL' },
    );
    this.forced = this.#force.report;
    guardTree(pid, mark);
  }

  /** Plans the end of a call. */
  plan(deadline: number, hardDeadline: number): void {
    this.#forceAt = hardDeadline;
    this.#force.reschedule(hardDeadline);
    const grace = hardDeadline - deadline;
    if (deadline === Infinity || !(grace > 0)) this.#dropSoft();
    else this.#planSoft(deadline, grace);
  }

  /** The call is over. `false`: force may have struck already, the process is lost. */
  withdraw(): boolean {
    this.#force.reschedule(Infinity);
    return now() < this.#forceAt - CLOCK_MARGIN_MS;
  }

  /** Whether the soft signal may have been sent already. Else it will not be any more. */
  withdrawSoft(): boolean {
    if (this.#soft === undefined) return false;
    this.#soft.end.reschedule(Infinity);
    return now() >= this.#softAt - CLOCK_MARGIN_MS;
  }

  /** Sends the soft signal to the descendants now, and force to the whole tree at `hardDeadline`, or earlier if it was so. */
  stop(hardDeadline: number): void {
    this.#forceAt = Math.min(this.#forceAt, hardDeadline);
    const grace = this.#forceAt - now();
    if (!(grace > 0)) {
      this.force();
      return;
    }
    this.#force.reschedule(this.#forceAt);
    this.#soft ??= { end: this.#planDescendants(Infinity, grace), grace };
    this.#softAt = now();
    this.#soft.end.begin(grace);
  }

  /** Force upon the whole tree, now. */
  force(): void {
    this.#forceAt = -Infinity;
    this.#force.begin(0);
  }

  /**
   * Ends the descendants of a process that lives on, and settles when they are gone: it must not have more work before,
   * as what that would start is a descendant, too.
   */
  async endDescendants(): Promise<TreeEndReport> {
    const grace = Math.max(0, this.#forceAt - now());
    const soft = (this.#soft ??= {
      end: this.#planDescendants(Infinity, Number.isFinite(grace) ? grace : 0),
      grace,
    });
    this.#soft = undefined;
    soft.end.begin();
    return soft.end.report;
  }

  /** The process has ended: what is left of its tree goes with it. */
  async rootEnded(): Promise<TreeEndReport> {
    this.#dropSoft();
    this.#force.rootEnded(true);
    const report = await this.forced;
    releaseTree(this.#pid, this.#mark);
    return report;
  }

  #planSoft(deadline: number, grace: number): void {
    this.#softAt = deadline;
    // Deadlines are sums: the same grace comes out a little different each time.
    if (this.#soft !== undefined && Math.abs(this.#soft.grace - grace) < CLOCK_MARGIN_MS) {
      this.#soft.end.reschedule(deadline);
      return;
    }
    this.#dropSoft();
    this.#soft = { end: this.#planDescendants(deadline, grace), grace };
  }

  #planDescendants(deadline: number, grace: number): TreeEnd {
    return planTreeEnd(
      { pid: this.#pid, mark: this.#mark, scope: 'descendants' },
      { deadline, grace, signal: 'SIGTERM' },
    );
  }

  #dropSoft(): void {
    this.#soft?.end.rootEnded(false);
    this.#soft = undefined;
  }
}

/** A process whose end, and that of its descendants, is seen to. */
export interface ProcessTree {
  /** A child of this process that has not been reaped yet, or any process (`treeKill`). */
  readonly pid: number;
  /** What {@link newTreeMark} gave and the process was started with: finds descendants that have left the group and lost their parents. */
  readonly mark: string | undefined;
  /** `'tree'`: the process and all its descendants; `'root'`: the process alone; `'descendants'`: all but the process. */
  readonly scope: 'tree' | 'root' | 'descendants';
}

/** How and when it is ended. Instants are ms on the `performance.now()` scale. */
export interface TreeEndPlan {
  /** When the soft signal is sent; `Infinity`: not by the clock. */
  readonly deadline: number;
  /** ms from the soft signal to SIGKILL. 0: SIGKILL at once, no soft signal. */
  readonly grace: number;
  /** Default SIGTERM. SIGCONT follows it, so that stopped processes can die. */
  readonly signal: NodeJS.Signals | number;
  /** That signal to everybody, and nothing else: no SIGCONT, no force, and no waiting until they end. */
  readonly once?: boolean;
}

/** What was done. */
export interface TreeEndReport {
  /** Which step ended the last of them: `'none'`, nothing had to be sent. */
  readonly step: 'none' | 'soft' | 'hard';
  /** Whether the root itself was sent a signal by us while it lived, and the last kind. */
  readonly root: 'none' | 'soft' | 'hard';
  /** All that were sent a signal. */
  readonly signalled: readonly number[];
  /** What could not be ended: not permitted, or stuck in the kernel. */
  readonly survivors: readonly number[];
  /** When the first signal was sent; `undefined`: none was. */
  readonly startedAt: number | undefined;
  readonly endedAt: number;
}

/** An end that is planned or under way. Acts from a thread of its own where the addon is loaded: on time also while the event loop is blocked. */
export interface TreeEnd {
  /** Moves the deadline; nothing happens once the end has begun. */
  reschedule(deadline: number): void;
  /** Begins now. `grace`: ms to SIGKILL in place of the plan's; called again, the earlier SIGKILL counts. */
  begin(grace?: number): void;
  /**
   * The root has ended by itself and was or will be reaped. Where the end has not begun: `sweep` ends the descendants
   * that are left, now, by the plan's signal and grace; without it they are let go.
   */
  rootEnded(sweep: boolean): void;
  /** Settles once it is over: everything is dead or given up (bounded), or it was let go. Never rejects. */
  readonly report: Promise<TreeEndReport>;
}

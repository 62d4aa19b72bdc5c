import type { TimeoutError, TimeoutErrorFields } from '../errors/timeout-error.js';
import { openShields } from '../strategy/native-strategy.js';
import type { Strategy, StrategyName } from '../strategy/strategy.js';
import type { AsyncContext } from './async-context.js';
import type { CallStack } from './call-stack.js';
import { CleanupStack, type Failure } from './cleanup-stack.js';
import { now } from '../clock.js';
import { asyncNow } from './async-clock.js';
import type { AsyncNode } from './async-node.js';
import { asyncScope } from './async-storage.js';
import type { CheckpointPace } from './checkpoint.js';
import type { ScopeSettings } from './options.js';
import type { FollowedLimits } from './reaching-limits.js';

/**
 * How a scope stands: `'pending'` not run yet · `'executing'` · `'executed'` in time · `'timed_out'` by its own deadline ·
 * `'interrupted'` by a timeout that is not its own, an enclosing scope's stop, `asyncRaise` or its `signal` ·
 * `'cancelled'` its timeout was dropped while it ran · `'failed'` with another error.
 */
export type TimeoutState =
  'pending' | 'executing' | 'executed' | 'timed_out' | 'interrupted' | 'cancelled' | 'failed';

/** The function that a user called; the stacks of its errors begin at its caller. */
export type CallSite = (...args: never[]) => unknown;

/** Work that goes on outside of this thread, as far as the errors of its scope are concerned. */
export interface OutsideKind {
  readonly strategy: StrategyName;
  /** Stands in messages where the scope has no label. */
  readonly label?: string | undefined;
  /** Makes an error of a class of its own. */
  makeError?(fields: TimeoutErrorFields): TimeoutError;
}

/** More shields than a thread can open. */
export const NO_SHIELD: number = 0x7fff_ffff;

/**
 * The inside of a `Timeout`: the state of its present run and its place among the scopes around it. Its fields are
 * written by what runs the scope and by the members of `Timeout`, always on the scope's own thread.
 *
 * There may be a million of them: fields that most never need are only declared, and come to be when they are set.
 */
export class Scope {
  /** What users see of this scope. */
  readonly handle: object;
  /** Replaced only where the owner of a task that runs here moves its deadlines. */
  settings: ScopeSettings;
  /** What this run has, ms; changed by `reschedule`. */
  timeout: number;
  /** What the next run begins with, ms, where `reschedule` has changed it for this one. */
  declare limit: number | undefined;
  state: TimeoutState = 'pending';
  /** From the start of the run to its end, also while the state is `'cancelled'` already. */
  running: boolean = false;
  strategy: Strategy<never, never> | undefined;
  /** The scope whose limits hold here as well. */
  enclosing: Scope | undefined;
  /** The scope that was entered before this one on this thread's stack, while this one is on it. */
  below: Scope | undefined;
  /** Depth of this scope's native frame; of the one around it where another strategy runs the scope. */
  depth: number = 0;
  /** Run without a native frame of its own, under the frames around it: see execution.ts. */
  isBare: boolean = false;
  /** Whether the addon watches what this scope has on the stack. */
  isFramed: boolean = false;
  /** The present run outlives the call that started it; its instants are those of async-clock.ts. */
  isAsync: boolean = false;
  /** No further run is possible. */
  declare isClosed: boolean | undefined;
  /** The call that starts the run has not come back yet. */
  declare isStarting: boolean | undefined;
  /** No limit around this one reaches what is inside it. */
  declare isShieldBoundary: boolean | undefined;
  /** Its place among the asynchronous scopes, if it is one or has one inside. */
  node: AsyncNode | undefined;
  /** The earliest hard deadline around the run when it began, where that matters to what runs it. */
  enclosingHardDeadline: number | undefined;
  asyncContext: AsyncContext = 0;
  /** What the work's questions for the time have shown. */
  declare pace: CheckpointPace | undefined;
  /** The number of open shields in the thread from which on one is open directly in this scope's work. */
  shieldedFrom: number = NO_SHIELD;
  startedAt: number = NaN;
  /** `NaN` while it is not known yet; see `elapsed`. */
  endedAt: number = NaN;
  /** Its own, without those around it. */
  deadline: number = Infinity;
  /** When what it has on the stack is interrupted, if that is not its hard deadline. */
  declare interruptAt: number | undefined;
  callSite: CallSite | undefined;
  /** Holds the stack of the call, where that is gone when an error needs it. */
  declare callStack: CallStack | undefined;
  /** What its work is, where that goes on outside of this thread. */
  declare outside: OutsideKind | undefined;
  /** The silence that its work was ended for, ms. */
  declare silence: number | undefined;
  /** The limit on the wait for somebody who does its work, ms, while that is its deadline. */
  declare queueTimeout: number | undefined;
  /** Its limits are kept, and moved, by another thread; only the outermost scope of a task has that. */
  declare followed: FollowedLimits | undefined;
  declare cleanup: CleanupStack | undefined;
  declare controller: AbortController | undefined;
  /** Why the `signal` option ended the run. */
  declare abort: Failure | undefined;
  /** The one error of this run, wherever it was handed out first. */
  declare error: TimeoutError | undefined;
  /** Will be that one if the run times out; nobody has seen it yet. */
  declare preparedError: TimeoutError | undefined;

  constructor(handle: object, timeout: number, settings: ScopeSettings) {
    this.handle = handle;
    this.timeout = timeout;
    this.settings = settings;
  }

  /** Cleanup that work registers after the run that it was left by has ended comes too late: it is done at once. */
  addCleanup(callback: () => unknown): void {
    if (!this.running && this.node?.order !== undefined && asyncScope() === this) {
      callback();
      return;
    }
    this.cleanup ??= new CleanupStack();
    this.cleanup.push(callback);
  }

  /** Whether a shield is open directly in this scope's work. */
  isShielded(): boolean {
    return this.shieldedFrom <= openShields();
  }

  /** Whether it has a say over code inside it: it runs, or its work goes on although it was told to stop. */
  isBinding(): boolean {
    return this.running || this.node?.order !== undefined;
  }

  /** The time on the clock that this run goes by. */
  time(): number {
    return this.isAsync ? asyncNow() : now();
  }

  /** Its own, without those around it. */
  hardDeadline(): number {
    return this.deadline + this.settings.grace;
  }

  /**
   * Its work runs in another thread or process, for which this one blocks: what it is called back with here runs on
   * beyond the deadline, and may not rely on being unwound.
   */
  get isElsewhere(): boolean {
    const name = this.strategy?.name;
    return !this.isAsync && (name === 'worker' || name === 'process');
  }

  /** Whether, of a scope that has timed out at `time`, it was the CPU limit that struck. */
  isOutOfCpu(time: number): boolean {
    return this.settings.cpuTimeout !== Infinity && time < this.deadline;
  }
}

import type { TimeoutError, TimeoutErrorFields } from '../errors/timeout-error.js';
import { openShields, struckDepth } from '../strategy/native-strategy.js';
import type { Strategy, StrategyName } from '../strategy/strategy.js';
import type { AsyncContext } from './async-context.js';
import type { CallStack } from './call-stack.js';
import { CleanupStack, type Failure } from './cleanup-stack.js';
import { now } from '../clock.js';
import { asyncNow, asyncTimeAt, fromRealInstant, toRealInstant } from './async-clock.js';
import type { AsyncNode } from './async-node.js';
import { asyncScope } from './async-storage.js';
import { innermostScope } from './current-scope.js';
import type { ScopeSettings } from './options.js';
import { timeoutErrorOf } from './scope-error.js';

/**
 * How a scope stands: `'pending'` not run yet · `'executing'` · `'executed'` in time · `'timed_out'` by its own deadline ·
 * `'interrupted'` by a timeout that is not its own, an enclosing scope's stop, `asyncRaise` or its `signal` ·
 * `'cancelled'` its timeout was dropped while it ran · `'failed'` with another error.
 */
export type TimeoutState =
  'pending' | 'executing' | 'executed' | 'timed_out' | 'interrupted' | 'cancelled' | 'failed';

/** The function that a user called; the stacks of its errors begin at its caller. */
export type CallSite = (...args: never[]) => unknown;

const FREQUENT_MS = 0.001;
const CALLS_PER_READING = 32;

/**
 * What a part has that begins when all time is up: what cleans up in a `finally`, or the first part of a run that had none.
 * Enough for that; what takes longer without a break does not end by itself.
 */
const OVERTIME_MS = 1_000;

interface CheckpointPace {
  /** When `checkpoint` read the clock last, and for how many calls that was. */
  readAt: number;
  calls: number;
  /** How many calls may still leave the clock to the watchdog. */
  toSkip: number;
  /** The clock has shown that a deadline passed, whether or not the watchdog has had its turn. */
  hasShownExpiry: boolean;
}

/** Work that goes on outside of this thread, as far as the errors of its scope are concerned. */
export interface OutsideKind {
  readonly strategy: StrategyName;
  /** Stands in messages where the scope has no label. */
  readonly label?: string | undefined;
  /** Makes an error of a class of its own. */
  makeError?(fields: TimeoutErrorFields): TimeoutError;
}

/** When work is asked to stop, and when it is stopped, on the real clock. */
export interface Limits {
  readonly soft: number;
  readonly hard: number;
  /** Some of them are kept by another thread; the others alone are these. */
  readonly followed: FollowedLimits | undefined;
  readonly othersSoft: number;
  readonly othersHard: number;
}

/** The limits of a scope that another thread keeps, and may move at any time. */
export interface FollowedLimits {
  /** Gives the scope what they are now, where they were moved; whether they were. Cheap where they were not. */
  refresh(): boolean;
}

// Asked for once for each step of a coroutine: nothing is to be allocated for it.
const limits: Mutable<Limits> = {
  soft: Infinity,
  hard: Infinity,
  followed: undefined,
  othersSoft: Infinity,
  othersHard: Infinity,
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

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
   * The earliest deadline that reaches this scope's work: its own or one around it; `Infinity` inside a shield. On the
   * real clock, or on that of asynchronous scopes.
   */
  effectiveDeadline(isForAsync: boolean = false): number {
    let earliest = Infinity;
    for (
      let scope: Scope | undefined = this.firstReaching();
      scope !== undefined;
      scope = scope.nextReaching()
    ) {
      const deadline = isForAsync
        ? scope.onAsyncClock(scope.deadline)
        : scope.onRealClock(scope.deadline);
      if (deadline < earliest) earliest = deadline;
    }
    return earliest;
  }

  /**
   * What is left at `time`, on the real clock, until the earliest deadline that reaches this scope's work, ms; negative
   * after it.
   */
  leftAt(time: number): number {
    // Both clocks are read once: what is due on one of them that stands still is due, and equal deadlines are equal.
    const asyncTime = asyncTimeAt(time);
    let left = Infinity;
    for (
      let scope: Scope | undefined = this.firstReaching();
      scope !== undefined;
      scope = scope.nextReaching()
    ) {
      const ownLeft = scope.deadline - (scope.isAsync ? asyncTime : time);
      if (ownLeft < left) left = ownLeft;
    }
    return left;
  }

  /**
   * The earliest instant at which force may be used on work directly inside this scope.
   *
   * @param isOnStack only force that unwinds the stack of this thread counts
   */
  effectiveHardDeadline(isOnStack: boolean = false): number {
    let earliest = Infinity;
    for (
      let scope: Scope | undefined = this.firstReaching();
      scope !== undefined;
      scope = scope.nextReaching()
    ) {
      if (isOnStack && scope.isElsewhere) continue;
      earliest = Math.min(earliest, scope.onRealClock(scope.forceDeadline()));
    }
    return earliest;
  }

  /**
   * The earliest deadlines of this scope and those around it, on the real clock. One that was told to stop has only what
   * is left of its grace; after that those around it count alone.
   *
   * @param heedsShields whether shields that are open on the stack hold deadlines off
   * @returns one object for all calls: to be read at once
   */
  limitsAround(heedsShields: boolean = false): Limits {
    let soft = Infinity;
    let hard = Infinity;
    let scope: Scope | undefined = this.isHeldOff(heedsShields) ? undefined : this;
    limits.followed = undefined;
    for (; scope !== undefined; scope = scope.nextReaching(heedsShields)) {
      if (scope.followed !== undefined) {
        scope.followed.refresh();
        limits.followed = scope.node?.order === undefined ? scope.followed : undefined;
        limits.othersSoft = soft;
        limits.othersHard = hard;
      }
      const order = scope.node?.order;
      let ownSoft: number;
      let ownHard: number;
      if (order === undefined) {
        ownSoft = scope.onRealClock(scope.deadline);
        const forceDeadline = scope.forceDeadline();
        ownHard = forceDeadline === scope.deadline ? ownSoft : scope.onRealClock(forceDeadline);
      } else {
        ownSoft = scope.onRealClock(order.hardAt);
        if (ownSoft <= now()) ownSoft = scope === this ? now() + OVERTIME_MS : Infinity;
        ownHard = ownSoft;
      }
      if (ownSoft < soft) soft = ownSoft;
      if (ownHard < hard) hard = ownHard;
    }
    limits.soft = soft;
    limits.hard = hard;
    return limits;
  }

  /**
   * The scope whose deadline stops this scope's work, if one has passed at `time`, on the real clock: the earliest, of
   * equal ones the outermost.
   */
  struck(time: number = now()): Scope | undefined {
    const asyncTime = asyncTimeAt(time);
    const nativelyStruck = struckDepth();
    let owner: Scope | undefined;
    let longest = 0;
    for (
      let scope: Scope | undefined = this.firstReaching();
      scope !== undefined;
      scope = scope.nextReaching()
    ) {
      // A CPU limit strikes where the clock says nothing; the watchdog tells by the depth of the frame.
      const isUsedUp = scope.settings.cpuTimeout !== Infinity && nativelyStruck <= scope.depth;
      const passed = (scope.isAsync ? asyncTime : time) - scope.deadline;
      const ago = isUsedUp ? Math.max(0, passed) : passed;
      if (ago >= longest) {
        longest = ago;
        owner = scope;
      }
    }
    return owner;
  }

  /**
   * Reads the clock. In a loop that asks more often than every microsecond most calls need not, as the watchdog shows an
   * expiry as well: the clock is there for when it had no turn in time.
   */
  clockShowsExpiry(): boolean {
    const time = now();
    const pace = (this.pace ??= { readAt: NaN, calls: 1, toSkip: 0, hasShownExpiry: false });
    const isFrequent = time - pace.readAt < pace.calls * FREQUENT_MS;
    pace.readAt = time;
    pace.toSkip = isFrequent ? CALLS_PER_READING - 1 : 0;
    pace.calls = pace.toSkip + 1;
    pace.hasShownExpiry ||= this.leftAt(time) <= 0;
    return pace.hasShownExpiry;
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

  /** Throws what the work of this scope is to be stopped with, if anything. */
  throwIfStruck(callSite: CallSite): void {
    if (this.abort !== undefined) throw this.abort.error;
    const failure = this.orderedFailure();
    if (failure !== undefined) throw failure.error;
    const owner = this.struck();
    if (owner === undefined) return;
    // What has been handed out at the end of a run says how that ended, whatever its work does afterwards.
    throw (
      (owner.running ? undefined : owner.error) ??
      timeoutErrorOf(owner, 'checkpoint', true, callSite)
    );
  }

  /** Why work of this scope has to stop, other than for a deadline, if an asynchronous scope says so. */
  orderedFailure(): Failure | undefined {
    for (
      let scope: Scope | undefined = this.firstReaching();
      scope !== undefined;
      scope = scope.nextReaching()
    ) {
      // The first cause counts, be it a deadline.
      const order = scope.node?.order;
      if (order !== undefined) return order.failure;
    }
    return undefined;
  }

  /** When force is used on what this scope has on the stack. */
  private forceDeadline(): number {
    return this.interruptAt ?? this.hardDeadline();
  }

  private onRealClock(instant: number): number {
    return this.isAsync ? toRealInstant(instant) : instant;
  }

  private onAsyncClock(instant: number): number {
    return this.isAsync ? instant : fromRealInstant(instant);
  }

  /** This scope, unless a shield inside it holds its deadline off. */
  private firstReaching(): this | undefined {
    let isHeldOff = false;
    const innermost = innermostScope() ?? asyncScope();
    for (let scope = innermost; scope !== undefined; scope = scope.enclosing) {
      isHeldOff ||= scope.isShieldBoundary === true || scope.isShielded();
      if (scope === this && isHeldOff) return undefined;
      if (scope === this) break;
    }
    this.followed?.refresh();
    return this;
  }

  /** The scope around this one that has a say, unless a shield holds it off. */
  private nextReaching(heedsShields: boolean = true): Scope | undefined {
    let { enclosing } = this;
    while (enclosing !== undefined && !enclosing.isBinding()) enclosing = enclosing.enclosing;
    if (enclosing === undefined || enclosing.isHeldOff(heedsShields)) return undefined;
    enclosing.followed?.refresh();
    return enclosing;
  }

  /** Whether its limits, and those around it, do not reach what is inside it. */
  private isHeldOff(heedsShields: boolean): boolean {
    return this.isShieldBoundary === true || (heedsShields && this.isShielded());
  }
}

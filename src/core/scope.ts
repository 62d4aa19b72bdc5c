import { refreshTimeoutError, TimeoutError } from '../errors/timeout-error.js';
import { openShields, struckDepth } from '../strategy/native-strategy.js';
import type { Stage, Strategy } from '../strategy/strategy.js';
import type { AsyncContext } from './async-context.js';
import { CleanupStack, type Failure } from './cleanup-stack.js';
import { now } from '../clock.js';
import { innermostScope } from './current-scope.js';
import type { ScopeSettings } from './options.js';
import { resumeStackTraces, suspendStackTraces } from './stack-trace-limit.js';

/**
 * How a scope stands: `'pending'` not run yet · `'executing'` · `'executed'` in time · `'timed_out'` by its own deadline ·
 * `'interrupted'` by a timeout that is not its own, an enclosing scope's stop, `asyncRaise` or its `signal` ·
 * `'cancelled'` its timeout was dropped while it ran · `'failed'` with another error.
 */
export type TimeoutState =
  'pending' | 'executing' | 'executed' | 'timed_out' | 'interrupted' | 'cancelled' | 'failed';

/** The function that a user called; the stacks of its errors begin at its caller. */
export type CallSite = (...args: never[]) => unknown;

// Work that was stopped may have replaced it.
const { captureStackTrace } = Error;

const FREQUENT_MS = 0.001;
const CALLS_PER_READING = 32;

/**
 * The inside of a `Timeout`: the state of its present run and its place among the scopes around it. Its fields are
 * written by execution.ts and by the members of `Timeout`, always on the scope's own thread.
 */
export class Scope {
  /** What users see of this scope. */
  readonly handle: object;
  readonly settings: ScopeSettings;
  /** What each run begins with, ms; changed by `reschedule` before the run. */
  limit: number;
  /** What this run has, ms; changed by `reschedule` during it. */
  timeout: number;
  state: TimeoutState = 'pending';
  /** From the start of the run to its end, also while the state is `'cancelled'` already. */
  running: boolean = false;
  strategy: Strategy<never, never> | undefined;
  enclosing: Scope | undefined;
  /** Depth of this scope's native frame; of the one around it where another strategy runs the scope. */
  depth: number = 0;
  /** Run without a native frame of its own, under the frames around it: see execution.ts. */
  isBare: boolean = false;
  /** The earliest hard deadline around the run when it began, where that matters to what runs it. */
  enclosingHardDeadline: number = Infinity;
  asyncContext: AsyncContext = 0;
  /** The clock has shown that a deadline passed, whether or not the watchdog has had its turn. */
  hasShownExpiry: boolean = false;
  /** How many calls of `checkpoint` may leave the clock to the watchdog. */
  checkpointsToSkip: number = 0;
  /** When `checkpoint` read the clock last, and for how many calls that was. */
  private clockReadAt: number = NaN;
  private callsPerReading: number = 1;
  /** The number of open shields in the thread from which on one is open directly in this scope's work. */
  shieldedFrom: number = Infinity;
  startedAt: number = NaN;
  /** `NaN` while it is not known yet; see `elapsed`. */
  endedAt: number = NaN;
  /** Its own, without those around it. */
  deadline: number = Infinity;
  callSite: CallSite | undefined;
  cleanup: CleanupStack | undefined;
  controller: AbortController | undefined;
  /** Why the `signal` option ended the run. */
  abort: Failure | undefined;
  /** The one error of this run, wherever it was handed out first. */
  error: TimeoutError | undefined;

  constructor(handle: object, timeout: number, settings: ScopeSettings) {
    this.handle = handle;
    this.limit = timeout;
    this.timeout = timeout;
    this.settings = settings;
  }

  addCleanup(callback: () => unknown): void {
    this.cleanup ??= new CleanupStack();
    this.cleanup.push(callback);
  }

  /** Whether the addon watches this very scope. */
  hasFrame(): boolean {
    return this.strategy?.name === 'native' && !this.isBare;
  }

  /** Whether a shield is open directly in this scope's work. */
  isShielded(): boolean {
    return this.shieldedFrom <= openShields();
  }

  /** Its own, without those around it. */
  hardDeadline(): number {
    return this.deadline + this.settings.grace;
  }

  /** The earliest deadline that reaches this scope's work: its own or one around it; `Infinity` inside a shield. */
  effectiveDeadline(): number {
    let earliest = Infinity;
    for (
      let scope: Scope | undefined = this.firstReaching();
      scope !== undefined;
      scope = scope.nextReaching()
    ) {
      if (scope.deadline < earliest) earliest = scope.deadline;
    }
    return earliest;
  }

  /** The earliest instant at which force may be used on work directly inside this scope. */
  effectiveHardDeadline(): number {
    let earliest = Infinity;
    for (
      let scope: Scope | undefined = this.firstReaching();
      scope !== undefined;
      scope = scope.nextReaching()
    ) {
      earliest = Math.min(earliest, scope.hardDeadline());
    }
    return earliest;
  }

  /**
   * The scope whose deadline stops this scope's work, if one has passed: the earliest, of equal ones the outermost.
   */
  struck(): Scope | undefined {
    const time = now();
    const nativelyStruck = struckDepth();
    let owner: Scope | undefined;
    let earliest = Infinity;
    for (
      let scope: Scope | undefined = this.firstReaching();
      scope !== undefined;
      scope = scope.nextReaching()
    ) {
      // A CPU limit strikes where the clock says nothing; the watchdog tells by the depth of the frame.
      const usedUp =
        scope.settings.cpuTimeout !== Infinity && nativelyStruck <= scope.depth ? time : Infinity;
      const deadline = Math.min(scope.deadline, usedUp);
      if (deadline <= time && deadline <= earliest) {
        earliest = deadline;
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
    const isFrequent = time - this.clockReadAt < this.callsPerReading * FREQUENT_MS;
    this.clockReadAt = time;
    this.checkpointsToSkip = isFrequent ? CALLS_PER_READING - 1 : 0;
    this.callsPerReading = this.checkpointsToSkip + 1;
    this.hasShownExpiry ||= time >= this.effectiveDeadline();
    return this.hasShownExpiry;
  }

  /** Whether, of a scope that has timed out at `time`, it was the CPU limit that struck. */
  isOutOfCpu(time: number): boolean {
    return this.settings.cpuTimeout !== Infinity && time < this.deadline;
  }

  /** Throws what the work of this scope is to be stopped with, if anything. */
  throwIfStruck(callSite: CallSite): void {
    if (this.abort !== undefined) throw this.abort.error;
    const owner = this.struck();
    if (owner !== undefined) throw owner.timeoutError('checkpoint', true, callSite);
  }

  /** The scope's `TimeoutError`: made at first need, brought up to date afterwards. */
  timeoutError(stage: Stage, stopped: boolean, callSite: CallSite, stuck?: Error): TimeoutError {
    const time = this.running ? now() : this.endedAt;
    const clock = this.isOutOfCpu(time) ? 'cpu' : 'wall';
    const timeout = clock === 'cpu' ? this.settings.cpuTimeout : this.timeout;
    // `startedAt + timeout - startedAt` can be a hair less than `timeout`.
    const elapsed = Math.max(time - this.startedAt, clock === 'wall' ? timeout : 0);
    if (this.error === undefined) {
      suspendStackTraces();
      this.error = new TimeoutError({
        timeout,
        clock,
        elapsed,
        strategy: this.strategy?.name ?? 'native',
        stage,
        stopped,
        scope: this.handle,
        label: this.settings.name,
        cause: stuck,
      });
      resumeStackTraces();
      captureStackTrace(this.error, callSite);
    } else {
      refreshTimeoutError(
        this.error,
        { timeout, clock, elapsed, stage, stopped, cause: stuck },
        this.settings.name,
      );
    }
    return this.error;
  }

  /** This scope, unless a shield inside it holds its deadline off. */
  private firstReaching(): this | undefined {
    for (let scope = innermostScope(); scope !== undefined; scope = scope.enclosing) {
      if (scope.isShielded()) return undefined;
      if (scope === this) return this;
    }
    return this;
  }

  /** The scope around this one, unless a shield in it holds it off. */
  private nextReaching(): Scope | undefined {
    const { enclosing } = this;
    return enclosing === undefined || enclosing.isShielded() ? undefined : enclosing;
  }
}

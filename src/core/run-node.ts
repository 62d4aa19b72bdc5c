import { asyncNow } from './async-clock.js';
import {
  countLimitListener,
  failureOrder,
  orderOf,
  OuterNode,
  tell,
  type StopOrder,
} from './async-node.js';
import { raiseInFrame } from '../strategy/native-strategy.js';
import type { RunningCall } from '../strategy/isolation/host.js';
import type { Stage } from '../strategy/strategy.js';
import type { Failure } from './cleanup-stack.js';
import { disarm, earliestDeadline, expireDue } from './expiry.js';
import { unfollow } from './followed-signals.js';
import { outsideLimits } from './outside-limits.js';
import type { Scope } from './scope.js';
import { prepareTimeoutError } from './scope-error.js';
import { uninterrupted } from '../strategy/uninterrupted.js';

/** What settles the promise of a run. */
export interface Settle {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A timeout that was started in a run and is to be thrown in it, once. */
export interface Raise {
  /** Where it was started: the run, or a shield in it. */
  readonly place: OuterNode | undefined;
  /** Makes what is thrown; called in the run's own context. */
  take(): Failure;
}

/** What a run's work is beside a promise: code that is resumed by us. */
export interface Resumable {
  /** It has been thrown what stops it. */
  readonly isTold: boolean;
  /** It is suspended. */
  readonly isWaiting: boolean;
  /** There may be something to be thrown at the place where it waits. */
  interrupt(): void;
  /** Has something thrown in it, once. */
  raise(raise: Raise): void;
  withdraw(raise: Raise): void;
  /** It is not resumed any more. */
  giveUp(): void;
}

/** An asynchronous run in the tree of scopes. */
export class RunNode extends OuterNode {
  readonly settle: Settle;
  readonly promise: Promise<unknown>;
  coroutine: Resumable | undefined;
  /** Its work goes on outside of this thread, and is ended there; see {@link goOutside}. */
  declare outside: RunningCall | undefined;
  /** Somebody waits for what its work comes to. */
  isAwaited: boolean = false;
  /** It has ended; its scope may run again already. */
  isOver: boolean = false;
  /** Its work has been asked to stop. */
  isTold: boolean = false;
  /** The time that it had for that is over. */
  isHardDue: boolean = false;
  /** How the work was stopped, if by force while it called something that blocks. */
  forcedStage: Stage | undefined;
  /** How many runs inside, itself included, have been given up although their work goes on. */
  abandoned: number = 0;
  /** The runs that count its own work so. */
  private countedIn: readonly RunNode[] = [];
  /** A timeout that was started in it has expired and ends it. */
  raised: Raise | undefined;
  /** Calls what has to happen then, in the context that the run was started in. */
  wake: (() => void) | undefined;

  constructor(scope: Scope, promise: Promise<unknown>, settle: Settle) {
    super(scope);
    this.promise = promise;
    this.settle = settle;
  }

  expire(stuck: Error | undefined): void {
    // Queued anew then.
    if (this.order === undefined && this.scope.followed?.refresh() === true) return;
    if (this.order === undefined) tell(this, orderOf(this.scope, stuck));
    else {
      this.isHardDue = true;
      if (this.openShields > 0) this.isHeld = true;
      else this.deliver();
    }
  }

  /**
   * To tell of a timeout takes long where code and memory are cold, as they are in a thread that has been idle, and most of
   * that its error. No more than that is done ahead: its work may still end in time.
   */
  prepare(): void {
    if (this.order !== undefined || this.outside !== undefined) return;
    const isStopped = this.coroutine !== undefined;
    prepareTimeoutError(this.scope, isStopped ? 'yield' : 'abandoned', isStopped);
  }

  /** Whether the work, or what is inside it, may do something about a stop. */
  isHeard(): boolean {
    return this.scope.controller !== undefined || this.inner !== undefined || this.getsTurn;
  }

  accept(order: StopOrder): boolean {
    if (!this.isOver) this.give(order);
    return true;
  }

  deliver(): void {
    this.wake?.();
  }

  /** From now on its work goes on outside of this thread. */
  goOutside(call: RunningCall): void {
    if (this.outside === undefined) countLimitListener(1);
    this.outside = call;
  }

  override limitsMoved(): void {
    if (this.outside === undefined || this.order !== undefined) return;
    const { deadline, hardDeadline } = outsideLimits(this.scope);
    this.outside.moveDeadlines(deadline, hardDeadline);
  }

  override reconsider(): void {
    this.coroutine?.interrupt();
  }

  /** Its work goes on although nobody waits for it: until it settles, no work around it has stopped either. */
  leaveWork(): void {
    const runs: RunNode[] = [this];
    for (let node = this.outer; node !== undefined; node = node.outer) {
      if (node instanceof RunNode) runs.push(node);
    }
    for (const run of runs) run.abandoned++;
    this.countedIn = runs;
  }

  /** Abandoned work has settled after all. */
  settleLate(): void {
    for (const run of this.countedIn) run.abandoned--;
    this.countedIn = [];
  }

  /** Its rejection is told elsewhere, or to nobody: it is not to end the process. */
  markHandled(): void {
    this.promise.catch(() => undefined);
  }

  /** Nobody has the promise. */
  override unwound(): Failure | undefined {
    const { scope } = this;
    scope.isStarting = false;
    scope.state = 'interrupted';
    this.coroutine?.giveUp();
    this.retire();
    const { cleanup } = scope;
    if (cleanup !== undefined) scope.cleanup = undefined;
    return cleanup?.run(undefined);
  }

  /** Ends the run: takes it out of everything that could still reach it. */
  retire(): void {
    const { scope } = this;
    this.isOver = true;
    if (scope.running) {
      scope.running = false;
      scope.endedAt = asyncNow();
    }
    disarm(this);
    this.wake = undefined;
    if (this.outside !== undefined) {
      countLimitListener(-1);
      this.outside = undefined;
    }
    const { signal } = scope.settings;
    if (signal !== undefined) unfollow(signal, this);
    for (let inner = this.inner; inner !== undefined;) {
      const { next } = inner;
      inner.orphan();
      inner = next;
    }
    this.detach();
  }

  /** The `signal` option has aborted. */
  onAbort(reason: unknown): void {
    uninterrupted(() => {
      // By the clock the deadline may have come first, although the alarm had no turn yet.
      if (earliestDeadline() <= asyncNow()) expireDue();
      tell(this, failureOrder({ error: reason }, this.scope.settings.grace, this));
    });
    // It was aborted from inside a part of its own work.
    if (this.scope.isFramed && this.order?.source === this) {
      this.scope.abort = this.order.failure;
      raiseInFrame(this.scope.depth);
    }
  }
}

import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallOutcome, RunningCall, TaskCall } from '../../strategy/isolation/host.js';
import { interruptInstant } from '../../strategy/process/interrupt-instant.js';
import { asyncNow } from '../async-clock.js';
import { endByItself, endStopped, strikeByClock } from '../async-ending.js';
import { failureOrder, tell } from '../async-node.js';
import { runInside } from '../async-storage.js';
import { arm, disarm } from '../expiry.js';
import { initialDeadline } from '../initial-deadline.js';
import { endOutside } from '../outside-ending.js';
import { outsideLimits } from '../outside-limits.js';
import type { RunNode } from '../run-node.js';
import type { OutsideKind } from '../scope.js';
import type { Queued } from './call-queue.js';
import type { HostPool } from './host-pool.js';

/** What a call asks for, beside its scope. */
export interface CallRequest {
  readonly task: TaskCall['task'];
  readonly args: TaskCall['args'];
  readonly transfer: TaskCall['transfer'];
  /** Limit on the wait for a host, ms. */
  readonly queueTimeout: number;
  /** The clock of the timeout starts with the call, not when a host takes it. */
  readonly startupCounts: boolean;
  readonly onMessage: ((message: unknown) => void) | undefined;
}

/** Never looked at: a call that waits is ended on the spot. */
const NO_OUTCOME = new Promise<CallOutcome>(() => undefined);

/**
 * One call of a task in a host of a pool. While it waits for a host it stands in for the {@link RunningCall}: then to stop
 * it is to take it out of the queue.
 */
export class PoolCall implements OutsideKind, RunningCall, Queued<PoolCall> {
  readonly strategy: 'worker' | 'process';
  readonly outcome: Promise<CallOutcome> = NO_OUTCOME;
  readonly request: CallRequest;
  next: PoolCall | undefined;
  previous: PoolCall | undefined;
  isQueued: boolean = false;
  readonly #pool: HostPool;
  readonly #node: RunNode;
  /** Enters the caller's context; only after a wait, and where somebody is called there. */
  #inCallersContext: EnterContext | undefined;
  /** Enters that and the call's scope; only for messages. */
  #inScope: EnterContext | undefined;

  constructor(pool: HostPool, request: CallRequest, node: RunNode) {
    this.strategy = pool.strategy;
    this.request = request;
    this.#pool = pool;
    this.#node = node;
  }

  get promise(): Promise<unknown> {
    return this.#node.promise;
  }

  /** It has to wait: its own clock has not started yet, unless that is asked for. */
  beginToWait(): void {
    const node = this.#node;
    const { scope } = node;
    const { queueTimeout, startupCounts } = this.request;
    if (!startupCounts && scope.settings.deadline === undefined) scope.deadline = Infinity;
    const queueDeadline = scope.startedAt + queueTimeout;
    if (queueDeadline < scope.deadline) {
      scope.queueTimeout = queueTimeout;
      scope.deadline = queueDeadline;
    }
    const { onTimeout, error } = scope.settings;
    if (onTimeout !== undefined || typeof error === 'function') {
      this.#inCallersContext = takeSnapshot();
    }
    if (this.request.onMessage !== undefined) this.#keepScope();
    rearm(node);
    node.goOutside(this);
  }

  /**
   * A host is there: the clock starts.
   *
   * @returns what to send; `undefined` if it is not to be started any more: it has been ended then
   */
  begin(hasWaited: boolean): TaskCall | undefined {
    const node = this.#node;
    const { scope } = node;
    if (hasWaited) {
      // The alarm may not have had its turn.
      if (node.order !== undefined || strikeByClock(node)) {
        this.stop();
        return undefined;
      }
      if (!this.request.startupCounts) this.#startClock();
      else if (scope.queueTimeout !== undefined) this.#startClock(scope.startedAt);
      if (scope.deadline <= asyncNow()) {
        strikeByClock(node);
        this.stop();
        return undefined;
      }
    }
    const { task, args, transfer, onMessage } = this.request;
    const { deadline, hardDeadline } = outsideLimits(scope);
    const { cpuTimeout, name } = scope.settings;
    return {
      task,
      args,
      transfer,
      deadline,
      hardDeadline,
      interruptAt: this.#interruptAt(deadline, hardDeadline),
      cpuTimeout,
      name,
      onMessage: onMessage === undefined ? undefined : this.#receiver(onMessage),
    };
  }

  /** It has been sent. */
  started(call: RunningCall): void {
    this.#node.goOutside(call);
  }

  /** How it ended. */
  settle(outcome: CallOutcome): void {
    // After a wait this is somebody else's context.
    if (this.#inCallersContext === undefined) endOutside(this.#node, outcome);
    else
      this.#inCallersContext(() => {
        endOutside(this.#node, outcome);
      });
  }

  /** It was not started, or could not be sent. */
  refuse(error: unknown): void {
    if (!this.#node.isOver) endByItself(this.#node, { error }, undefined);
  }

  /** What ends it from outside, whatever its limits: at once. */
  end(error: unknown): void {
    if (!this.#node.isOver) tell(this.#node, failureOrder({ error }, 0, this.#node));
  }

  stop(): void {
    const node = this.#node;
    this.#pool.withdraw(this);
    const { order } = node;
    if (!node.isOver && order !== undefined) endStopped(node, order, 'refused', true);
  }

  moveDeadlines(): void {
    // It has not been started: they are read when it is.
  }

  #startClock(at: number = asyncNow()): void {
    const node = this.#node;
    const { scope } = node;
    scope.queueTimeout = undefined;
    scope.startedAt = at;
    scope.deadline = initialDeadline(scope, at);
    rearm(node);
  }

  /** A worker interrupts at the hard deadline; the default grace of a process is not for what cannot hear of it. */
  #interruptAt(deadline: number, hardDeadline: number): number | undefined {
    if (this.strategy === 'worker') return undefined;
    return interruptInstant(deadline, hardDeadline, this.#node.scope.settings.hasGrace);
  }

  #keepScope(): EnterContext {
    return (this.#inScope ??= runInside(this.#node.scope, takeSnapshot, undefined, undefined));
  }

  /** Calls back in the call's scope, so that it can be prolonged from there; what is thrown there ends the call. */
  #receiver(onMessage: (message: unknown) => void): (message: unknown) => void {
    const inScope = this.#keepScope();
    return (message) => {
      if (this.#node.isOver) return;
      inScope(() => {
        try {
          onMessage(message);
        } catch (error) {
          this.end(error);
        }
      });
    };
  }
}

type EnterContext = (callback: () => void) => void;

function takeSnapshot(): EnterContext {
  return AsyncLocalStorage.snapshot();
}

function rearm(node: RunNode): void {
  const { deadline } = node.scope;
  node.deadline = deadline;
  if (deadline === Infinity) disarm(node);
  else arm(node);
}

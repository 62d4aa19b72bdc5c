import type {
  CallAhead,
  CallOutcome,
  RunningCall,
  TaskCall,
} from '../../strategy/isolation/host.js';
import { interruptInstant } from '../../strategy/process/interrupt-instant.js';
import { asyncNow, isRealTime } from '../async-clock.js';
import { endByItself, endStopped, strikeByClock } from '../async-ending.js';
import { failureOrder, tell } from '../async-node.js';
import { arm, disarm } from '../expiry.js';
import { initialDeadline } from '../initial-deadline.js';
import { endOutside } from '../outside-ending.js';
import { outsideLimits } from '../outside-limits.js';
import type { RunNode } from '../run-node.js';
import type { OutsideKind } from '../scope.js';
import { CallContext } from './call-context.js';
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
  readonly #context: CallContext;
  /** While it waits: the host that has it already, and may begin it by itself. */
  ahead: CallAhead | undefined;
  /** It was to stop by then, but had begun, of which nobody has heard yet. */
  #stopAt: number | undefined;

  constructor(pool: HostPool, request: CallRequest, node: RunNode) {
    this.strategy = pool.strategy;
    this.request = request;
    this.#pool = pool;
    this.#node = node;
    this.#context = new CallContext(node);
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
    if (onTimeout !== undefined || typeof error === 'function') this.#context.keep();
    if (this.request.onMessage !== undefined) this.#context.keepForMessages();
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
    const { deadline, hardDeadline } = outsideLimits(scope);
    return this.#toSend(deadline, hardDeadline, this.#interruptAt(deadline, hardDeadline));
  }

  /**
   * What to send before a host is there, with lengths of time for its deadlines; `undefined` where it has limits that count
   * already, or cannot be sent twice.
   */
  beginAhead(): TaskCall | undefined {
    const { order, scope } = this.#node;
    const { settings, timeout, deadline, enclosing } = scope;
    const { startupCounts, transfer } = this.request;
    const isLimited = deadline !== Infinity || enclosing !== undefined || startupCounts;
    const isBound = settings.cpuTimeout !== Infinity || settings.suspendable || !isRealTime();
    if (order !== undefined || isLimited || isBound || (transfer?.length ?? 0) > 0)
      return undefined;
    return this.#toSend(timeout, timeout + settings.grace, undefined);
  }

  /** The host that has it has begun it. */
  begunAhead(call: RunningCall, startedAt: number): void {
    const node = this.#node;
    this.ahead = undefined;
    if (node.order === undefined) this.#startClock(startedAt);
    node.goOutside(call);
    if (this.#stopAt !== undefined) call.stop(this.#stopAt);
    // The alarm may not have had its turn.
    else if (node.order === undefined) strikeByClock(node);
  }

  /** It has been sent. */
  started(call: RunningCall): void {
    this.#node.goOutside(call);
  }

  /** How it ended. */
  settle(outcome: CallOutcome): void {
    this.#context.enter(() => {
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

  stop(hardDeadline: number = 0): void {
    const node = this.#node;
    if (this.ahead !== undefined && !this.ahead.takeBack()) {
      this.#stopAt = Math.min(this.#stopAt ?? Infinity, hardDeadline);
      return;
    }
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

  #toSend(deadline: number, hardDeadline: number, interruptAt: number | undefined): TaskCall {
    const { task, args, transfer, onMessage } = this.request;
    const { cpuTimeout, name } = this.#node.scope.settings;
    return {
      task,
      args,
      transfer,
      deadline,
      hardDeadline,
      interruptAt,
      cpuTimeout,
      name,
      onMessage: onMessage && this.#context.receiver(onMessage, (error) => this.end(error)),
    };
  }
}

function rearm(node: RunNode): void {
  const { deadline } = node.scope;
  node.deadline = deadline;
  if (deadline === Infinity) disarm(node);
  else arm(node);
}

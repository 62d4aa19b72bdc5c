import type { TimeoutError } from '../errors/timeout-error.js';
import { InvalidStateError } from '../errors/invalid-state-error.js';
import { asyncNow } from './async-clock.js';
import { AsyncNode, nodeOf, type OuterNode } from './async-node.js';
import { scopeAround } from './async-step.js';
import type { Failure } from './cleanup-stack.js';
import { reportTimeout } from './diagnostics.js';
import { renew } from './execution.js';
import { arm, disarm } from './expiry.js';
import { initialDeadline } from './initial-deadline.js';
import { RunNode, type Raise } from './run-node.js';
import type { CallSite, Scope } from './scope.js';
import { timeoutErrorOf } from './scope-error.js';
import { isInsideItself, refusalInside } from './self-nesting.js';
import { settleTimeout } from './settlement.js';
import { ShieldNode } from './shield-node.js';
import { countArmed, countExpired } from './statistics.js';
import { uninterrupted } from '../strategy/uninterrupted.js';

// Private copy: users' fake timers have no part in this.
const { queueMicrotask } = globalThis;

/** A timeout that was started by itself, inside a run: it raises there, once. */
class StartedNode extends AsyncNode implements Raise {
  /** That of the run that has expired: the scope may be started again before it is thrown. */
  declare error: TimeoutError | undefined;

  constructor(scope: Scope) {
    super(scope);
    this.deadline = scope.deadline;
  }

  expire(stuck: Error | undefined): void {
    const { scope } = this;
    const place = this.outer;
    this.end('timed_out');
    // Not a place in the tree any more, only its name.
    this.outer = place;
    const stopped = runAround(place)?.coroutine !== undefined;
    const stage = stopped ? 'yield' : 'abandoned';
    const error = timeoutErrorOf(scope, stage, stopped, scope.callSite as CallSite, stuck);
    this.error = error;
    cleanUpLater(scope);
    countExpired(stage, Math.max(0, scope.endedAt - scope.deadline));
    // Later, because subscribers are code of users: the queue of deadlines is being emptied.
    const { name } = scope.settings;
    void Promise.resolve().then(() => {
      reportTimeout(error, name);
    });
    if (place !== undefined) raiseIn(place, this);
  }

  accept(): boolean {
    // It raises in the run that it was started in; what stops that run stops no timeout.
    return false;
  }

  override orphan(): void {
    if (!this.scope.running) return;
    this.end('cancelled');
    cleanUpLater(this.scope);
  }

  get place(): OuterNode | undefined {
    return this.outer;
  }

  take(): Failure {
    const { settings } = this.scope;
    const error = this.error as TimeoutError;
    const { failure } = settleTimeout(error, settings);
    // There is nowhere to put a value, so what would be suppressed is thrown as it is.
    return failure ?? { error };
  }

  end(state: 'timed_out' | 'cancelled' | 'executed'): void {
    const { scope } = this;
    if (!scope.running) return;
    scope.running = false;
    scope.endedAt = asyncNow();
    scope.state = state;
    uninterrupted(() => {
      disarm(this);
      this.detach();
    });
  }
}

/** Schedules a timeout in the run whose code has called; one that is scheduled already stays as it is. */
export function startTimeout(scope: Scope, callSite: CallSite): void {
  if (isStarted(scope)) return;
  if (scope.running) throw new InvalidStateError('The scope is running already');
  if (scope.isClosed) throw new InvalidStateError('The timeout has been closed');
  const holder = scopeAround();
  if (holder?.isAsync !== true) {
    throw new InvalidStateError(
      holder === undefined
        ? '`start` raises in the work of a `run`: it was called outside of one'
        : '`start` raises in the work of a `run`: synchronous work of a `runSync` cannot be raised in',
    );
  }
  if (isInsideItself(scope)) throw refusalInside(scope);
  // One that has expired but was not thrown yet is not thrown any more.
  endStarted(scope, 'cancelled');
  if (scope.state !== 'pending') renew(scope);
  const startedAt = asyncNow();
  scope.isAsync = true;
  scope.isFramed = false;
  scope.strategy = undefined;
  scope.callSite = callSite;
  scope.startedAt = startedAt;
  scope.deadline = initialDeadline(scope, startedAt);
  scope.enclosing = holder;
  scope.running = true;
  scope.state = 'executing';
  uninterrupted(() => {
    const node = new StartedNode(scope);
    scope.node = node;
    node.attach(nodeOf(holder));
    if (scope.deadline !== Infinity) arm(node);
  });
  if (scope.deadline !== Infinity) countArmed();
}

/** Whether the scope runs because it was started, and not because work runs under it. */
function isStarted(scope: Scope): boolean {
  return scope.running && scope.node instanceof StartedNode;
}

/**
 * Ends a started timeout before its time; one that has expired but was not thrown yet is not thrown any more.
 *
 * @returns `false`: it was not started by itself
 * @throws what its cleanup throws
 */
export function endStarted(scope: Scope, state: 'cancelled' | 'executed'): boolean {
  const { node, cleanup, running } = scope;
  if (!(node instanceof StartedNode)) return false;
  node.end(state);
  const run = runAround(node.outer);
  run?.coroutine?.withdraw(node);
  if (run?.raised === node) run.raised = undefined;
  // Registered after the end, it belongs to the next start.
  if (!running || cleanup === undefined) return true;
  scope.cleanup = undefined;
  const failure = cleanup.run(undefined);
  if (failure !== undefined) throw failure.error;
  return true;
}

/** Where nobody has called whom its errors could be thrown at, and no code of users may run yet. */
function cleanUpLater(scope: Scope): void {
  const { cleanup } = scope;
  if (cleanup === undefined) return;
  scope.cleanup = undefined;
  queueMicrotask(() => {
    const failure = cleanup.run(undefined);
    if (failure !== undefined) throw failure.error;
  });
}

function raiseIn(place: OuterNode, raise: Raise): void {
  if (place instanceof ShieldNode && place.reject !== undefined) {
    const { reject } = place;
    // Later, because it may run code of users.
    void Promise.resolve().then(() => {
      place.close();
      reject(raise.take().error);
    });
    return;
  }
  const run = runAround(place);
  if (run === undefined || (run.order !== undefined && place === run)) return;
  if (run.coroutine !== undefined) {
    run.coroutine.raise(raise);
  } else {
    run.raised ??= raise;
    run.wake?.();
  }
}

function runAround(place: OuterNode | undefined): RunNode | undefined {
  for (let node = place; node !== undefined; node = node.outer) {
    if (node instanceof RunNode) return node;
  }
  return undefined;
}

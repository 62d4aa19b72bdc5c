import { isTimeoutError } from '../errors/timeout-error.js';
import type { Stage, Stop } from '../strategy/strategy.js';
import { awaitEnclosingTermination } from '../strategy/vm-strategy.js';
import { join, type Failure } from './cleanup-stack.js';
import { now } from '../clock.js';
import { orderOf, stopScope } from './async-node.js';
import { abandonPart } from './async-part.js';
import { innermostScope } from './current-scope.js';
import { depart, finishDeparture } from './departure.js';
import { reportTimeout } from './diagnostics.js';
import { PLAIN_SETTINGS } from './options.js';
import { isPromiseLike, refusePromise } from './promise-result.js';
import { effectiveHardDeadline, struckScope } from './reaching-limits.js';
import type { CallSite, Scope } from './scope.js';
import { timeoutErrorOf } from './scope-error.js';
import { settleTimeout } from './settlement.js';
import { countExpired } from './statistics.js';
import { uninterrupted } from '../strategy/uninterrupted.js';

/** The work returned in time, but there is more to do than to hand its value on. */
export function endReturned(scope: Scope, value: unknown): unknown {
  let failure = leave(scope, now());
  if (scope.abort !== undefined) {
    scope.state = 'interrupted';
    failure = join(failure, scope.abort);
  } else if (isPromiseLike(value)) {
    failure = join(failure, { error: refusePromise(value) });
  }
  return close(scope, failure, value);
}

/** The work threw: its error goes on, whenever it came. */
export function endThrown(scope: Scope, error: unknown): unknown {
  const lost = leave(scope, now());
  if (error === scope.error && scope.error !== undefined) {
    return endTimedOut(scope, scope.error.stage, true, scope.endedAt, lost, scope.error.cause);
  }
  const aborted = scope.abort !== undefined && error === scope.abort.error;
  scope.state = aborted || isTimeoutError(error) ? 'interrupted' : 'failed';
  return close(scope, join(lost, { error }), undefined);
}

/** The strategy stopped the work, or it came back late. */
export function endStopped(scope: Scope, stop: Stop): unknown {
  if (stop.stage !== 'late' && scope.enclosing !== undefined) {
    awaitEnclosingTermination(effectiveHardDeadline(scope.enclosing, true));
  }
  const owner = ownerAround(scope, stop);
  const lost = leave(scope, stop.endedAt);
  if (owner !== undefined) {
    scope.state = 'interrupted';
    const error = timeoutErrorOf(owner, 'checkpoint', true, scope.callSite as CallSite);
    return close(scope, join(lost, { error }), undefined);
  }
  if (stop.reason === 'raised') {
    scope.state = 'interrupted';
    return close(scope, join(lost, scope.abort ?? { error: stop.raised }), undefined);
  }
  return endTimedOut(scope, stop.stage, stop.stopped, stop.endedAt, lost, stop.stuck);
}

/**
 * The scope around whose deadline has stopped the work, where that does not unwind this stack: it blocks for a task that
 * has called back here.
 */
function ownerAround({ enclosing, deadline }: Scope, stop: Stop): Scope | undefined {
  if (enclosing === undefined || stop.reason !== 'timeout' || stop.endedAt >= deadline)
    return undefined;
  const owner = struckScope(enclosing, stop.endedAt);
  return owner?.isElsewhere === true ? owner : undefined;
}

/** The scope's own deadline has struck. */
export function endTimedOut(
  scope: Scope,
  stage: Stage,
  stopped: boolean,
  endedAt: number,
  lost: Failure | undefined,
  stuck?: unknown,
): unknown {
  const { settings } = scope;
  // The addon converts instants between two clocks' scales, which may cost a few ns either way.
  scope.endedAt =
    endedAt < scope.deadline && !scope.isOutOfCpu(endedAt)
      ? Math.max(endedAt, Math.min(scope.deadline, scope.startedAt + scope.timeout))
      : endedAt;
  scope.state = 'timed_out';
  const error = timeoutErrorOf(
    scope,
    stage,
    stopped,
    scope.callSite as CallSite,
    stuck as Error | undefined,
  );
  if (scope.node !== undefined) {
    uninterrupted(() => {
      stopScope(scope, orderOf(scope, undefined));
    });
    releaseInner(scope);
  }
  scope.controller?.abort(error);
  const onTheWay = join(lost, { error }) as Failure;
  const outcome = finishDeparture(scope, onTheWay) ?? onTheWay;
  countExpired(stage, Math.max(0, scope.endedAt - scope.deadline - settings.grace));
  reportTimeout(error, settings.name);
  const isClean = outcome.error === error;
  if (isClean && settings === PLAIN_SETTINGS) throw error;
  const settlement = settleTimeout(error, settings);
  // What cleanup has thrown holds the timeout already, and is not to be replaced by a default.
  if (!isClean) throw outcome.error;
  if (settlement.failure !== undefined) throw settlement.failure.error;
  return settlement.value;
}

/** Ends the run of a scope, and of those inside it that were unwound with it; returns what their cleanup threw. */
function leave(scope: Scope, endedAt: number): Failure | undefined {
  const lost = leaveInner(scope);
  depart(scope, endedAt);
  return lost;
}

/** Ends what was unwound inside a scope that is on the stack; returns what its cleanup threw. */
export function leaveInner(scope: Scope): Failure | undefined {
  let lost: Failure | undefined;
  let inner = innermostScope();
  while (inner !== undefined && inner !== scope) {
    // Read first: leaving the stack, a part forgets it.
    const { below } = inner;
    lost = join(lost, abandon(inner));
    inner = below;
  }
  return lost;
}

/** Ends a scope whose own code was unwound by a termination that was not its own. */
export function abandon(scope: Scope): Failure | undefined {
  if (scope.isAsync) return abandonPart(scope);
  scope.state = 'interrupted';
  depart(scope, now());
  releaseInner(scope);
  return finishDeparture(scope, undefined);
}

/** The deadline has passed already: the work is not started. */
export function endRefused(scope: Scope): unknown {
  depart(scope, scope.startedAt);
  return endTimedOut(scope, 'refused', true, scope.startedAt, undefined);
}

/** Something else than its own deadline keeps the work from being started; returns what is to be thrown. */
export function endUnstarted(scope: Scope, failure: Failure): unknown {
  scope.state = 'interrupted';
  depart(scope, scope.startedAt);
  return (finishDeparture(scope, failure) ?? failure).error;
}

/** Runs the cleanup of a scope that did not time out, and hands its outcome on. */
function close(scope: Scope, failure: Failure | undefined, value: unknown): unknown {
  releaseInner(scope);
  const outcome = finishDeparture(scope, failure);
  if (outcome !== undefined) {
    if (scope.state === 'executing') scope.state = 'failed';
    throw outcome.error;
  }
  if (scope.state === 'executing') scope.state = 'executed';
  return value;
}

/** What a scope that has ended leaves running belongs to the scope around it. */
function releaseInner(scope: Scope): void {
  const { node } = scope;
  if (node === undefined) return;
  uninterrupted(() => {
    node.detach();
  });
  if (!scope.isAsync) scope.node = undefined;
}

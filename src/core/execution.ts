import { types } from 'node:util';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import { InvalidStateError } from '../errors/invalid-state-error.js';
import { isTimeoutError } from '../errors/timeout-error.js';
import { nativeDepth, raiseInFrame, struckDepth } from '../strategy/native-strategy.js';
import { STOPPED, type Stage, type Stop, type Strategy } from '../strategy/strategy.js';
import { awaitEnclosingTermination } from '../strategy/vm-strategy.js';
import { captureAsyncContext, restoreAsyncContext } from './async-context.js';
import { suppress, type Failure } from './cleanup-stack.js';
import { now } from './clock.js';
import { innermostScope, liveScope, setInnermostScope } from './current-scope.js';
import { isInspectorOpen } from './debug.js';
import { reportTimeout } from './diagnostics.js';
import { PLAIN_SETTINGS } from './options.js';
import type { CallSite, Scope } from './scope.js';
import { settleTimeout } from './settlement.js';
import { countArmed, countExpired } from './statistics.js';

/**
 * Runs work of any strategy under a scope: the life of one timeout, from arming to its outcome.
 *
 * @returns the work's value, or what the scope's options put in place of a timeout
 * @throws the scope's `TimeoutError` or what its options put in its place; what the work throws
 */
export function execute<Work, Argument>(
  scope: Scope,
  strategy: Strategy<Work, Argument>,
  work: Work,
  argument: Argument,
  callSite: CallSite,
): unknown {
  if (scope.running) throw new InvalidStateError('The scope is running already');
  const { settings } = scope;
  const enclosing = liveScope(abandon);
  const startedAt = now();
  scope.strategy = strategy;
  scope.enclosing = enclosing;
  scope.startedAt = startedAt;
  scope.callSite = callSite;
  scope.depth = nativeDepth();
  if (scope.state !== 'pending') renew(scope);
  const deadline =
    settings === PLAIN_SETTINGS && !settings.suspendable
      ? startedAt + scope.timeout
      : prepare(scope, startedAt);
  scope.deadline = deadline;
  if (enclosing !== undefined) refuseIfStruck(scope, enclosing);
  if (deadline <= startedAt) return endTimedOut(scope, 'refused', true, startedAt, undefined);
  if (strategy.name === 'native') scope.depth++;
  scope.state = 'executing';
  scope.running = true;
  setInnermostScope(scope);
  if (deadline !== Infinity) countArmed();
  const asyncContext = captureAsyncContext();

  let value: unknown;
  try {
    value = strategy.run(
      work,
      argument,
      deadline,
      deadline + settings.grace,
      enclosing === undefined || strategy.name === 'native'
        ? Infinity
        : enclosing.effectiveHardDeadline(),
      settings.cpuTimeout,
    );
  } catch (error) {
    return endThrown(scope, error);
  }
  if (value === STOPPED) {
    restoreAsyncContext(asyncContext);
    return endStopped(scope, strategy.lastStop());
  }
  if (innermostScope() !== scope || scope.cleanup !== undefined || isPromiseLike(value)) {
    return endReturned(scope, value);
  }
  setInnermostScope(enclosing);
  scope.running = false;
  scope.endedAt = NaN;
  if (scope.state === 'executing') scope.state = 'executed';
  return value;
}

/** Makes a scope that has run before as good as new. */
function renew(scope: Scope): void {
  scope.error = undefined;
  scope.abort = undefined;
  scope.controller = undefined;
  scope.shields = 0;
  scope.state = 'pending';
}

/** What a scope with options needs before its run; returns its deadline. */
function prepare(scope: Scope, startedAt: number): number {
  const { signal, deadline, suspendable } = scope.settings;
  if (signal !== undefined) {
    if (signal.aborted) {
      scope.state = 'interrupted';
      throw signal.reason;
    }
    const listener = (): void => {
      scope.abort = { error: signal.reason };
      if (scope.running && scope.strategy?.name === 'native') raiseInFrame(scope.depth);
    };
    signal.addEventListener('abort', listener, { once: true });
    scope.addCleanup(() => {
      signal.removeEventListener('abort', listener);
    });
  }
  if (deadline !== undefined) scope.timeout = Math.max(0, deadline - startedAt);
  if (suspendable && isInspectorOpen()) return Infinity;
  return deadline ?? startedAt + scope.timeout;
}

/** Work inside a scope that has expired is not started, as a checkpoint would not be passed. */
function refuseIfStruck(scope: Scope, enclosing: Scope): void {
  if (struckDepth() > enclosing.depth && scope.startedAt < enclosing.effectiveDeadline()) return;
  const owner = enclosing.struck();
  if (owner === undefined) return;
  scope.state = 'interrupted';
  const failure = scope.cleanup?.run(undefined);
  const error = owner.timeoutError('checkpoint', true, scope.callSite as CallSite);
  throw failure === undefined ? error : suppress(failure.error, { error }).error;
}

/** The work returned in time, but there is more to do than to hand its value on. */
function endReturned(scope: Scope, value: unknown): unknown {
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
function endThrown(scope: Scope, error: unknown): unknown {
  const lost = leave(scope, now());
  if (error === scope.error && scope.error !== undefined) {
    return endTimedOut(scope, scope.error.stage, true, scope.endedAt, lost, scope.error.cause);
  }
  scope.state = isTimeoutError(error) || error === scope.abort?.error ? 'interrupted' : 'failed';
  return close(scope, join(lost, { error }), undefined);
}

/** The strategy stopped the work, or it came back late. */
function endStopped(scope: Scope, stop: Stop): unknown {
  if (stop.stage !== 'late' && scope.enclosing !== undefined) {
    awaitEnclosingTermination(scope.enclosing.effectiveHardDeadline());
  }
  const lost = leave(scope, stop.endedAt);
  if (stop.reason === 'raised') {
    scope.state = 'interrupted';
    return close(scope, join(lost, scope.abort ?? { error: stop.raised }), undefined);
  }
  return endTimedOut(scope, stop.stage, stop.stopped, stop.endedAt, lost, stop.stuck);
}

/** The scope's own deadline has struck. */
function endTimedOut(
  scope: Scope,
  stage: Stage,
  stopped: boolean,
  endedAt: number,
  lost: Failure | undefined,
  stuck?: unknown,
): unknown {
  const { settings } = scope;
  // The addon converts instants between two clocks' scales, which may cost a few ns either way.
  scope.endedAt = Math.max(endedAt, Math.min(scope.deadline, scope.startedAt + scope.timeout));
  scope.state = 'timed_out';
  const error = scope.timeoutError(
    stage,
    stopped,
    scope.callSite as CallSite,
    stuck as Error | undefined,
  );
  scope.controller?.abort(error);
  const cleanupFailure = scope.cleanup?.run(lost) ?? lost;
  scope.cleanup = undefined;
  countExpired(stage, Math.max(0, scope.endedAt - scope.deadline - settings.grace));
  reportTimeout(error, settings.name);
  if (settings === PLAIN_SETTINGS && cleanupFailure === undefined) throw error;
  const settlement = settleTimeout(error, settings);
  if (cleanupFailure !== undefined) {
    throw suppress(cleanupFailure.error, settlement.failure ?? { error }).error;
  }
  if (settlement.failure !== undefined) throw settlement.failure.error;
  return settlement.value;
}

/** Ends the run of a scope, and of those inside it that were unwound with it; returns what their cleanup threw. */
function leave(scope: Scope, endedAt: number): Failure | undefined {
  let lost: Failure | undefined;
  for (let inner = innermostScope(); inner !== undefined && inner !== scope;) {
    const { enclosing } = inner;
    setInnermostScope(enclosing);
    lost = join(lost, abandon(inner));
    inner = enclosing;
  }
  setInnermostScope(scope.enclosing);
  scope.running = false;
  scope.endedAt = endedAt;
  return lost;
}

/** Ends a scope whose own code was unwound by a termination that was not its own. */
export function abandon(scope: Scope): Failure | undefined {
  scope.running = false;
  scope.endedAt = now();
  scope.state = 'interrupted';
  const failure = scope.cleanup?.run(undefined);
  scope.cleanup = undefined;
  return failure;
}

/** Runs the cleanup of a scope that did not time out, and hands its outcome on. */
function close(scope: Scope, failure: Failure | undefined, value: unknown): unknown {
  const outcome = scope.cleanup?.run(failure) ?? failure;
  scope.cleanup = undefined;
  if (outcome !== undefined) {
    if (scope.state === 'executing') scope.state = 'failed';
    throw outcome.error;
  }
  if (scope.state === 'executing') scope.state = 'executed';
  return value;
}

/** Joins a failure to an earlier one that it would hide. */
function join(earlier: Failure | undefined, later: Failure | undefined): Failure | undefined {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  return suppress(earlier.error, later);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  if (types.isPromise(value)) return true;
  // Asking a proxy would run its traps outside every limit.
  return !types.isProxy(value) && typeof (value as { then?: unknown }).then === 'function';
}

/** A promise goes on after `runSync` has returned, out of reach of its limit. */
function refusePromise(value: PromiseLike<unknown>): Error {
  // Nobody else will look at it: its rejection must not end the process.
  if (types.isPromise(value)) value.catch(() => undefined);
  return invalidOptionType(
    'work',
    'synchronous: `runSync` cannot limit what a promise does after it has returned; use `run` for asynchronous work',
    value,
  );
}

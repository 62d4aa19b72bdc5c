import { InvalidStateError } from '../errors/invalid-state-error.js';
import {
  nativeDepth,
  nativeEndedAt,
  raiseInFrame,
  struckDepth,
} from '../strategy/native-strategy.js';
import { automaticStrategy } from '../strategy/select-strategy.js';
import {
  STOPPED,
  type InThreadWork,
  type Stop,
  type Strategy,
  type StrategyName,
} from '../strategy/strategy.js';
import { awaitEnclosingTermination } from '../strategy/vm-strategy.js';
import { captureAsyncContext, restoreAsyncContext } from './async-context.js';
import { runInPart } from './async-step.js';
import { asyncScope, hasAsyncScopes } from './async-storage.js';
import { now } from '../clock.js';
import { innermostScope, liveScope, setInnermostScope } from './current-scope.js';
import { abandon, endRefused, endReturned, endStopped, endThrown, endUnstarted } from './ending.js';
import { initialDeadline } from './initial-deadline.js';
import { learnExecution, learnPassage } from './live-frames.js';
import { PLAIN_SETTINGS } from './options.js';
import { resumeExit } from './process-exit.js';
import { isPromiseLike } from './promise-result.js';
import {
  effectiveDeadline,
  effectiveHardDeadline,
  orderedFailure,
  struckScope,
} from './reaching-limits.js';
import { NO_SHIELD, type CallSite, type Scope } from './scope.js';
import { timeoutErrorOf } from './scope-error.js';
import { isInsideItself, refusalInside } from './self-nesting.js';
import { resumeStackTraces } from './stack-trace-limit.js';
import { countArmed } from './statistics.js';

/**
 * Runs work of any strategy under a scope: the life of one timeout, from arming to its outcome. Scopes nest deep, so what
 * stands on the stack while the work runs is kept small: this function and the strategy's.
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
  const around = hasAsyncScopes() && !scope.running ? partNeeded(scope, strategy.name) : undefined;
  if (around !== undefined) {
    return executeInPart(around, scope, strategy, work, argument, callSite);
  }
  begin(scope, strategy, callSite);
  if (!scope.running) return endRefused(scope);
  let value: unknown;
  try {
    try {
      const { signal } = scope.settings;
      if (signal !== undefined) followSignal(scope, signal);
      value = scope.isBare
        ? (work as InThreadWork)(argument as never)
        : strategy.run(
            work,
            argument,
            scope.deadline,
            scope.hardDeadline(),
            scope.enclosingHardDeadline ?? Infinity,
            scope.settings.cpuTimeout,
            scope.settings.grace,
          );
    } catch (error) {
      return endThrown(scope, error);
    }
    return end(scope, strategy, value);
  } finally {
    // Where no stack was left, what should have ended the scope has failed as well.
    if (scope.running) {
      scope.running = false;
      scope.state = 'failed';
      setInnermostScope(scope.below);
    }
  }
}

/** The asynchronous scope whose code has called, if nothing on the stack keeps its deadlines. */
function partNeeded(scope: Scope, strategy: StrategyName): Scope | undefined {
  if (isInsideItself(scope)) throw refusalInside(scope);
  if (strategy !== 'native') learnExecution(partNeeded);
  const live = liveScope(abandon, 1);
  if (live === undefined) return asyncScope();
  return live.strategy?.name === 'cooperative' ? live : undefined;
}

function executeInPart<Work, Argument>(
  around: Scope,
  scope: Scope,
  strategy: Strategy<Work, Argument>,
  work: Work,
  argument: Argument,
  callSite: CallSite,
): unknown {
  if (automaticStrategy.name !== 'native') learnPassage(executeInPart);
  return runInPart(around, () => execute(scope, strategy, work, argument, callSite), callSite);
}

/** Arms nothing yet: the strategy does. Leaves the scope not running when its deadline has passed already. */
function begin<Work, Argument>(
  scope: Scope,
  strategy: Strategy<Work, Argument>,
  callSite: CallSite,
): void {
  if (scope.running) throw new InvalidStateError('The scope is running already');
  if (scope.isClosed) throw new InvalidStateError('The timeout has been closed');
  const { settings } = scope;
  if (strategy.name !== 'native') learnExecution(begin);
  const enclosing = liveScope(abandon, 1);
  resumeStackTraces();
  const startedAt = now();
  scope.strategy = strategy;
  scope.enclosing = enclosing;
  scope.below = enclosing;
  scope.enclosingHardDeadline = undefined;
  scope.startedAt = startedAt;
  scope.callSite = callSite;
  scope.depth = nativeDepth();
  scope.isBare = false;
  scope.isFramed = false;
  scope.isAsync = false;
  if (scope.callStack !== undefined) scope.callStack = undefined;
  if (scope.node !== undefined) scope.node = undefined;
  if (scope.pace !== undefined) scope.pace = undefined;
  if (scope.state !== 'pending') renew(scope);
  const deadline =
    settings === PLAIN_SETTINGS && !settings.suspendable
      ? startedAt + scope.timeout
      : prepare(scope, startedAt);
  scope.deadline = deadline;
  if (enclosing !== undefined) refuseIfStruck(scope, enclosing);
  if (deadline <= startedAt || settings.cpuTimeout === 0) return;
  const isNative = strategy.name === 'native';
  if (enclosing !== undefined && (!isNative || scope.depth >= MOST_FRAMES)) {
    // Another thread or process can be ended at any instant; what runs here has to be unwound.
    scope.enclosingHardDeadline = effectiveHardDeadline(enclosing, !scope.isElsewhere);
    scope.isBare =
      isNative &&
      settings.cpuTimeout === Infinity &&
      scope.hardDeadline() >= scope.enclosingHardDeadline;
  }
  scope.isFramed = isNative && !scope.isBare;
  if (scope.isFramed) scope.depth++;
  scope.asyncContext = captureAsyncContext();
  // From here on the stop of a scope around finds this one and ends it.
  setInnermostScope(scope);
  scope.state = 'executing';
  scope.running = true;
  if (deadline !== Infinity) countArmed();
}

/**
 * A native frame takes some KB of the stack, which holds a few hundred of them. From this depth on, a scope that cannot
 * strike before those around it gets none: their frames stop its work, and the clock decides about its value.
 */
const MOST_FRAMES = 64;

/** The work has come back, or was stopped. */
function end<Work, Argument>(
  scope: Scope,
  strategy: Strategy<Work, Argument>,
  value: unknown,
): unknown {
  if (value === STOPPED) {
    resumeStackTraces();
    restoreAsyncContext(scope.asyncContext);
    resumeExit(scope);
    return endStopped(scope, strategy.lastStop());
  }
  if (scope.isBare) {
    const endedAt = now();
    if (endedAt >= scope.deadline) {
      awaitEnclosingTermination(scope.enclosingHardDeadline ?? Infinity);
      return endStopped(scope, lateStop(endedAt));
    }
  }
  if (innermostScope() !== scope || needsEnding(scope) || isPromiseLike(value)) {
    return endReturned(scope, value);
  }
  scope.endedAt = strategy.name === 'native' && !scope.isBare ? nativeEndedAt() : now();
  // No call from here on: the stop of a scope around could strike there, and would not find this one.
  setInnermostScope(scope.below);
  scope.running = false;
  if (scope.state === 'executing') scope.state = 'executed';
  return value;
}

function needsEnding(scope: Scope): boolean {
  return scope.cleanup !== undefined || scope.node !== undefined;
}

/** What a strategy would say of a run that came back late. */
function lateStop(endedAt: number): Stop {
  return {
    reason: 'timeout',
    stage: 'late',
    stopped: true,
    endedAt,
    stuck: undefined,
    raised: undefined,
  };
}

/** Makes a scope that has run before as good as new. */
export function renew(scope: Scope): void {
  if (scope.error !== undefined) scope.error = undefined;
  if (scope.preparedError !== undefined) scope.preparedError = undefined;
  if (scope.abort !== undefined) scope.abort = undefined;
  if (scope.controller !== undefined) scope.controller = undefined;
  scope.shieldedFrom = NO_SHIELD;
  if (scope.pace !== undefined) scope.pace = undefined;
  if (scope.limit !== undefined) {
    scope.timeout = scope.limit;
    scope.limit = undefined;
  }
  scope.state = 'pending';
}

/** What a scope with options needs before its run; returns its deadline. */
function prepare(scope: Scope, startedAt: number): number {
  const { signal } = scope.settings;
  if (signal?.aborted === true) throw endUnstarted(scope, { error: signal.reason });
  return initialDeadline(scope, startedAt);
}

/** Lets the abort of the `signal` option end the run. */
function followSignal(scope: Scope, signal: AbortSignal): void {
  const listener = (): void => {
    scope.abort = { error: signal.reason };
    if (scope.running && scope.isFramed) raiseInFrame(scope.depth);
  };
  let isFollowed = true;
  const unfollow = (): void => {
    if (!isFollowed) return;
    signal.removeEventListener('abort', listener);
    isFollowed = false;
  };
  // Twice: where the stop of a scope around cuts off the first call, the second does it.
  scope.addCleanup(unfollow);
  scope.addCleanup(unfollow);
  signal.addEventListener('abort', listener, { once: true });
}

/** Work inside a scope that has expired is not started, as a checkpoint would not be passed. */
function refuseIfStruck(scope: Scope, enclosing: Scope): void {
  const isInTime =
    struckDepth() > enclosing.depth && scope.startedAt < effectiveDeadline(enclosing);
  if (isInTime && !hasAsyncScopes()) return;
  const failure = hasAsyncScopes() ? orderedFailure(enclosing) : undefined;
  if (failure !== undefined) throw endUnstarted(scope, failure);
  const owner = struckScope(enclosing);
  if (owner === undefined) return;
  const error = timeoutErrorOf(owner, 'checkpoint', true, scope.callSite as CallSite);
  throw endUnstarted(scope, { error });
}

import {
  followInNextFrame,
  nativeDepth,
  nativeEndedAt,
  nativeRefusal,
  nativeStrategy,
} from '../strategy/native-strategy.js';
import { automaticStrategy } from '../strategy/select-strategy.js';
import { STOPPED, type InThreadWork, type Stop, type Strategy } from '../strategy/strategy.js';
import { captureAsyncContext, restoreAsyncContext } from './async-context.js';
import { asyncNow, asyncTimeAt } from './async-clock.js';
import { failureOrder, orderOf, OuterNode, stopScope } from './async-node.js';
import { popPart } from './async-part.js';
import { asyncScope } from './async-storage.js';
import { innermostScope, liveScope, setInnermostScope } from './current-scope.js';
import { abandon, leaveInner } from './ending.js';
import { learnExecution } from './live-frames.js';
import { resumeExit } from './process-exit.js';
import { RunNode } from './run-node.js';
import {
  effectiveDeadline,
  limitsAround,
  struckScope,
  type FollowedLimits,
} from './reaching-limits.js';
import type { CallSite, Scope } from './scope.js';
import { timeoutErrorOf } from './scope-error.js';
import { resumeStackTraces } from './stack-trace-limit.js';

/** What can run a part: not in a frame that keeps its limit, where the addon is not there. */
const unguarded: Strategy<InThreadWork, unknown> = {
  name: 'cooperative',
  run: (work, argument) => work(argument as never),
  lastStop: () => nativeStrategy.lastStop(),
};

/** What runs the parts of asynchronous work. */
const partStrategy = nativeRefusal === undefined ? nativeStrategy : unguarded;

/**
 * Runs a part of asynchronous work that goes on without a break (the first one, a step of a coroutine) inside its scope:
 * in a native frame, so that a loop in it is stopped at the deadline and nothing around is unwound.
 *
 * @returns the part's value, or {@link STOPPED}: see {@link lastPartStop}
 * @throws what the part throws
 */
export function runPart(
  scope: Scope,
  work: InThreadWork,
  argument: unknown,
  strategy: Strategy<InThreadWork, unknown> = partStrategy,
): unknown {
  // Where nothing keeps the limits of a part, what has a limit of its own is a part inside it.
  const outerStrategy = innermostScope() === scope ? scope.strategy : undefined;
  beginPart(scope, strategy);
  const asyncContext = captureAsyncContext();
  let value: unknown;
  try {
    const limits = limitsAround(scope, true);
    const { soft, hard, followed } = limits;
    const grace = hard === soft ? 0 : hard - soft;
    let part = work;
    if (followed !== undefined && strategy.name === 'native') {
      followInNextFrame(limits.othersSoft, limits.othersHard);
      part = asked(followed, work);
    }
    value = strategy.run(part, argument, soft, hard, Infinity, Infinity, grace);
  } finally {
    if (innermostScope() !== scope) reportLost(scope);
    if (outerStrategy === undefined) popPart(scope);
    else scope.strategy = outerStrategy;
  }
  if (value === STOPPED) {
    resumeStackTraces();
    restoreAsyncContext(asyncContext);
    resumeExit(scope);
  }
  return value;
}

/** Limits that were moved before the frame was there have not reached it: asked for again, once it is. */
function asked(followed: FollowedLimits, work: InThreadWork): InThreadWork {
  return (argument) => {
    followed.refresh();
    return work(argument);
  };
}

/** Has a scope without limits on the stack while `work` runs. */
export function runUnlimited(scope: Scope, work: () => unknown): unknown {
  scope.below = liveScope(abandon);
  scope.depth = nativeDepth();
  setInnermostScope(scope);
  try {
    return work();
  } finally {
    if (innermostScope() !== scope) reportLost(scope);
    popPart(scope);
  }
}

/** How the part ended that has just handed back {@link STOPPED}; read once, at once. */
export function lastPartStop(): Stop {
  return automaticStrategy.lastStop();
}

/** When the part that has just come back did so, on the clock of asynchronous scopes: the addon has read it already. */
export function partEndedAt(): number {
  return partStrategy === nativeStrategy ? asyncTimeAt(nativeEndedAt()) : asyncNow();
}

/**
 * Runs something synchronous that has a limit of its own inside the asynchronous scope whose code has called it, so that
 * the deadlines around reach it: nothing of that scope is on the stack.
 *
 * @throws also the error of the scope around whose deadline struck
 */
export function runInPart(around: Scope, work: () => unknown, callSite: CallSite): unknown {
  let value: unknown;
  const result = runPart(around, () => (value = work()), undefined, automaticStrategy);
  if (result !== STOPPED) return result;
  const ended = lastPartStop();
  // It came back by itself: whoever is around finds out in time.
  if (ended.stage === 'late') return value;
  if (ended.reason === 'raised') {
    const failure = around.abort ?? { error: ended.raised };
    stopScope(around, failureOrder(failure, 0, around.node));
    throw failure.error;
  }
  const owner = struckScope(around) ?? around;
  const error = timeoutErrorOf(owner, ended.stage, true, callSite, ended.stuck);
  stopScope(owner, orderOf(owner, ended.stuck));
  if (owner.node instanceof RunNode) owner.node.forcedStage = ended.stage;
  // The error is on its way through the work.
  for (const { node } of [owner, around]) if (node instanceof OuterNode) node.getsTurn = true;
  throw error;
}

/** The innermost scope around the running code: on the stack, or else the one that its asynchronous context names. */
export function scopeAround(): Scope | undefined {
  return liveScope(abandon) ?? asyncScope();
}

/** The earliest deadline that reaches the code that runs now, on the real clock. */
export function deadlineAround(): number {
  const scope = scopeAround();
  return scope === undefined ? Infinity : effectiveDeadline(scope);
}

function beginPart(scope: Scope, strategy: Strategy<InThreadWork, unknown>): void {
  const isNative = strategy.name === 'native';
  if (!isNative) learnExecution(beginPart);
  // The addon counts native parts itself.
  const below = liveScope(abandon, isNative ? 0 : 1);
  // A run is on the stack already while it starts.
  if (below !== scope) scope.below = below;
  scope.depth = nativeDepth();
  if (isNative) scope.depth++;
  scope.isFramed = isNative;
  scope.strategy = strategy;
  if (scope.pace !== undefined) scope.pace = undefined;
  setInnermostScope(scope);
}

function reportLost(scope: Scope): void {
  const lost = leaveInner(scope);
  if (lost === undefined) return;
  queueMicrotask(() => {
    throw lost.error;
  });
}

import { refreshTimeoutError, TimeoutError } from '../errors/timeout-error.js';
import { automaticStrategy } from '../strategy/select-strategy.js';
import type { Stage, StrategyName } from '../strategy/strategy.js';
import { giveCallStack } from './call-stack.js';
import type { CallSite, Scope } from './scope.js';
import { resumeStackTraces, suspendStackTraces } from './stack-trace-limit.js';

// Work that was stopped may have replaced it.
const { captureStackTrace } = Error;

/** The scope's `TimeoutError`: made at first need, brought up to date afterwards. */
export function timeoutErrorOf(
  scope: Scope,
  stage: Stage,
  stopped: boolean,
  callSite: CallSite,
  stuck?: Error,
): TimeoutError {
  const error = scope.error ?? scope.preparedError;
  if (error === undefined) {
    scope.error = makeError(scope, stage, stopped, callSite, stuck);
  } else {
    scope.error = error;
    const fields = { ...describe(scope, stage), stage, stopped, cause: stuck };
    refreshTimeoutError(error, fields, labelOf(scope));
  }
  return scope.error;
}

/**
 * Makes the error of a run that is about to time out, so that this takes no time then: cold, as code and memory are when
 * a thread has been idle, it is most of what there is to do.
 *
 * @param stage a guess, as is `stopped`
 */
export function prepareTimeoutError(scope: Scope, stage: Stage, stopped: boolean): void {
  if (scope.error !== undefined || scope.callSite === undefined) return;
  scope.preparedError ??= makeError(scope, stage, stopped, scope.callSite, undefined);
}

function makeError(
  scope: Scope,
  stage: Stage,
  stopped: boolean,
  callSite: CallSite,
  stuck: Error | undefined,
): TimeoutError {
  const { callStack, outside } = scope;
  suspendStackTraces();
  const fields = {
    ...describe(scope, stage),
    stage,
    stopped,
    scope: scope.handle,
    label: labelOf(scope),
    cause: stuck,
  } as const;
  const error = outside?.makeError?.(fields) ?? new TimeoutError(fields);
  resumeStackTraces();
  if (callStack === undefined) captureStackTrace(error, callSite);
  else giveCallStack(error, callStack);
  return error;
}

interface Description {
  readonly timeout: number;
  readonly clock: TimeoutError['clock'];
  readonly elapsed: number;
  readonly strategy: StrategyName;
}

/** Which limit has struck, when, and what has ended the work. */
function describe(scope: Scope, stage: Stage): Description {
  const time = scope.running ? scope.time() : scope.endedAt;
  const clock = clockOf(scope, time);
  const { cpuTimeout } = scope.settings;
  const timeout =
    scope.queueTimeout ?? (clock === 'cpu' ? cpuTimeout : (scope.silence ?? scope.timeout));
  // `startedAt + timeout - startedAt` can be a hair less than `timeout`.
  const least = clock === 'wall' || clock === 'queue' ? timeout : 0;
  const elapsed = Math.max(time - scope.startedAt, least);
  return { timeout, clock, elapsed, strategy: strategyName(scope, stage) };
}

function clockOf(scope: Scope, time: number): TimeoutError['clock'] {
  if (scope.queueTimeout !== undefined) return 'queue';
  if (scope.isOutOfCpu(time)) return 'cpu';
  return scope.silence === undefined ? 'wall' : 'idle';
}

function strategyName(scope: Scope, stage: Stage): StrategyName {
  if (scope.outside !== undefined) return scope.outside.strategy;
  if (!scope.isAsync) return scope.strategy?.name ?? 'native';
  // Only a part that runs without a break can be stopped by force.
  const isForced = stage === 'interrupt' || stage === 'terminate';
  return isForced ? automaticStrategy.name : 'cooperative';
}

function labelOf({ settings, outside }: Scope): string | undefined {
  return settings.name ?? outside?.label;
}

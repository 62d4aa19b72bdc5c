import { isTimeoutError } from '../errors/timeout-error.js';
import type { RunningCall } from '../strategy/isolation/host.js';
import type { Stage, Stop } from '../strategy/strategy.js';
import { asyncTimeAt, takeStuck } from './async-clock.js';
import {
  failureOrder,
  OuterNode,
  orderError,
  orderOf,
  stopScope,
  tell,
  type StopOrder,
} from './async-node.js';
import type { Failure } from './cleanup-stack.js';
import { reportTimeout } from './diagnostics.js';
import { struckScope } from './reaching-limits.js';
import { RunNode } from './run-node.js';
import type { CallSite, Scope, TimeoutState } from './scope.js';
import { timeoutErrorOf } from './scope-error.js';
import { settleTimeout } from './settlement.js';
import { countExpired } from './statistics.js';
import { keepInCauses } from './unwinding-error.js';

// Private copy: users' fake timers have no part in this.
const { setImmediate } = globalThis;

/** The work has settled by itself. After the end of its scope that is of no interest any more. */
export function endSettled(node: RunNode, failure: Failure | undefined, value: unknown): void {
  if (node.isOver) {
    node.settleLate();
    return;
  }
  const isLate = node.order === undefined && strikeByClock(node);
  const { order } = node;
  const isKnown = order?.owner?.error !== undefined;
  if (order === undefined) {
    endByItself(node, failure, value);
  } else if (failure === undefined) {
    // Where it has not been asked to stop, it has come to its end without that.
    endStopped(node, order, isLate || !isTold(node) ? 'late' : stageOf(node), true);
  } else if (isConsequence(failure.error, order)) {
    // It may have asked for the time itself before it was told.
    const isAsked = order.owner?.error?.stage === 'checkpoint';
    endStopped(node, order, isAsked ? 'checkpoint' : stageOf(node), true);
  } else {
    if (!isLate || isKnown) keepInCauses(failure.error, orderError(order));
    endByItself(node, failure, value);
  }
}

/** A part of the work was stopped by force: there is nothing left of it that could go on. */
export function endStoppedPart(node: RunNode, ended: Stop): void {
  const { scope } = node;
  if (ended.reason === 'raised') {
    const failure = scope.abort ?? { error: ended.raised };
    tell(node, { ...failureOrder(failure, 0, node), stuck: ended.stuck });
    finish(node, 'interrupted', failure, undefined);
    return;
  }
  const owner = node.order?.owner ?? struckScope(scope) ?? scope;
  const order = node.order ?? orderOf(owner, ended.stuck);
  stopScope(owner, order);
  node.order ??= order;
  endedThen(node, order, asyncTimeAt(ended.endedAt));
  endStopped(node, order, ended.stage, true, ended.stuck);
}

/** The work has ended already: how long it took is told by that, not by when we come to hear of it. */
export function endedThen({ scope }: RunNode, order: StopOrder, endedAt: number): void {
  if (!scope.running) return;
  scope.running = false;
  // It was read from the scale of another clock, which may cost a hair: no stop is early.
  scope.endedAt = order.owner === scope ? Math.max(endedAt, scope.deadline) : endedAt;
}

/** The work had its time to settle. */
export function endAbandoned(node: RunNode): void {
  const { coroutine, order } = node;
  if (order === undefined) return;
  const outside = coroutine === undefined ? findOutside(node) : undefined;
  if (outside !== undefined) {
    // That is being ended by force, which takes no time to speak of: then this work may end as well.
    void outside.outcome.then(() => {
      setImmediate(() => {
        if (!node.isOver) endAbandoned(node);
      });
    });
    return;
  }
  coroutine?.giveUp();
  const isStopped = coroutine !== undefined;
  if (!isStopped) node.leaveWork();
  endStopped(node, order, isStopped ? 'yield' : 'abandoned', isStopped);
}

/** The work is not started. */
export function endUnstarted(
  node: RunNode,
  error: unknown,
  isForeign: boolean,
  state: TimeoutState = 'interrupted',
): void {
  node.scope.endedAt = node.scope.startedAt;
  if (isForeign) node.markHandled();
  finish(node, state, { error }, undefined);
}

/** Gives the order that the clock asks for, where the alarm has not had its turn; whether there was one. */
export function strikeByClock(node: RunNode): boolean {
  const owner = struckScope(node.scope);
  if (owner === undefined) return false;
  const order = orderOf(owner, takeStuck());
  stopScope(owner, order);
  node.order ??= order;
  return true;
}

function isTold({ isTold, coroutine, forcedStage }: RunNode): boolean {
  return isTold || coroutine?.isTold === true || forcedStage !== undefined;
}

function stageOf(node: RunNode): Stage {
  return node.forcedStage ?? (node.coroutine === undefined ? 'signal' : 'yield');
}

export function endByItself(node: RunNode, failure: Failure | undefined, value: unknown): void {
  const state =
    failure === undefined ? 'executed' : isTimeoutError(failure.error) ? 'interrupted' : 'failed';
  finish(node, state, failure, value);
}

/** An order has ended it. */
export function endStopped(
  node: RunNode,
  order: StopOrder,
  stage: Stage,
  stopped: boolean,
  stuck: Error | undefined = order.stuck,
): void {
  if (order.owner === node.scope) {
    endTimedOut(node, stage, stopped, stuck);
    return;
  }
  const error = orderError(order);
  // The scope that the order comes from hands its error on. This one's promise may be somebody's who waits no more.
  if (order.source !== node) node.markHandled();
  finish(node, 'interrupted', { error }, undefined);
}

/** Its own deadline has struck. */
function endTimedOut(
  node: RunNode,
  stage: Stage,
  stopped: boolean,
  stuck: Error | undefined,
): void {
  const { scope } = node;
  const { settings } = scope;
  const isStopped = stopped && node.abandoned === 0 && !hasRunInside(node);
  node.retire();
  scope.state = 'timed_out';
  const error = timeoutErrorOf(scope, stage, isStopped, scope.callSite as CallSite, stuck);
  scope.controller?.abort(error);
  cleanUp(scope, { error }, (outcome) => {
    countExpired(stage, Math.max(0, scope.endedAt - scope.deadline - settings.grace));
    reportTimeout(error, settings.name);
    const settlement = settleTimeout(error, settings);
    // What cleanup has thrown holds the timeout already, and is not to be replaced by a default.
    const failure = outcome?.error === error ? settlement.failure : outcome;
    settle(node, failure, settlement.value);
  });
}

export function finish(
  node: RunNode,
  state: TimeoutState,
  failure: Failure | undefined,
  value: unknown,
): void {
  const { scope } = node;
  node.retire();
  if (state !== 'executed' || scope.state === 'executing' || scope.state === 'pending')
    scope.state = state;
  if (scope.cleanup === undefined) settle(node, failure, value);
  else {
    cleanUp(scope, failure, (outcome) => {
      if (outcome !== undefined && failure === undefined) scope.state = 'failed';
      settle(node, outcome, value);
    });
  }
}

function cleanUp(
  scope: Scope,
  failure: Failure | undefined,
  then: (outcome: Failure | undefined) => void,
): void {
  const { cleanup } = scope;
  if (cleanup === undefined) {
    then(failure);
    return;
  }
  void cleanup.runAsync(failure).then((outcome) => {
    scope.cleanup = undefined;
    then(outcome);
  });
}

function settle(
  { scope, settle: promise }: RunNode,
  failure: Failure | undefined,
  value: unknown,
): void {
  // What could still ask for the error has it.
  scope.callStack = undefined;
  if (failure === undefined) promise.resolve(value);
  else promise.reject(failure.error);
}

/** Work outside of this thread that a run inside has started. */
function findOutside(node: OuterNode): RunningCall | undefined {
  for (let { inner } = node; inner !== undefined; inner = inner.next) {
    if (!(inner instanceof OuterNode)) continue;
    const found = inner instanceof RunNode && !inner.isOver ? inner.outside : undefined;
    const outside = found ?? findOutside(inner);
    if (outside !== undefined) return outside;
  }
  return undefined;
}

/** Whether work of a run inside may still go on. */
function hasRunInside(node: OuterNode): boolean {
  for (let { inner } = node; inner !== undefined; inner = inner.next) {
    if (
      inner instanceof RunNode ? !inner.isOver : inner instanceof OuterNode && hasRunInside(inner)
    )
      return true;
  }
  return false;
}

/** Whether work that was told to stop has thrown what it was told, or an `AbortError` that says it was for that. */
function isConsequence(error: unknown, order: StopOrder): boolean {
  const told = orderError(order);
  if (error === told) return true;
  return error instanceof Error && error.name === 'AbortError' && error.cause === told;
}

import { types } from 'node:util';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import { InvalidStateError } from '../errors/invalid-state-error.js';
import { STOPPED } from '../strategy/strategy.js';
import { asyncNow } from './async-clock.js';
import { endSettled, endStoppedPart, endUnstarted } from './async-ending.js';
import { nodeOf, orderError, orderOf, stopScope } from './async-node.js';
import { lastPartStop, runPart, scopeAround } from './async-step.js';
import { runInside } from './async-storage.js';
import { captureCallStack } from './call-stack.js';
import type { Failure } from './cleanup-stack.js';
import { Coroutine } from './coroutine.js';
import { isInspectorOpen } from './debug.js';
import { renew } from './execution.js';
import { arm } from './expiry.js';
import { follow } from './followed-signals.js';
import type { ScopeSettings } from './options.js';
import { isPromiseLike } from './promise-result.js';
import { RunNode, type Settle } from './run-node.js';
import type { CallSite, Scope } from './scope.js';
import { listenForStop } from './soft-stop.js';
import { countArmed } from './statistics.js';
import { uninterrupted } from './uninterrupted.js';
import { isGenerator, waitFor } from './yielded.js';

/** Asynchronous work: called with the scope's handle. */
export type AsyncWork = (handle: never) => unknown;

/** A run while its first part is on the stack. */
interface Start {
  readonly scope: Scope;
  readonly work: AsyncWork;
  /** What the first part handed back, also where it came too late for its strategy. */
  result: unknown;
}

/**
 * Runs asynchronous work under a scope: the life of one timeout that outlives its call.
 *
 * @returns rejects with the scope's `TimeoutError` or what its options put in its place, or with what the work throws
 */
export function executeAsync(scope: Scope, work: AsyncWork, callSite: CallSite): Promise<unknown> {
  const misuse = findMisuse(scope, work);
  if (misuse !== undefined) return Promise.reject(misuse);
  // A stop of what is on the stack must not cut anything but the work: that has a frame of its own, with all limits.
  return uninterrupted(() => startRun(scope, work, callSite));
}

function startRun(scope: Scope, work: AsyncWork, callSite: CallSite): Promise<unknown> {
  let settle: Settle | undefined;
  const promise = new Promise<unknown>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const node = begin(scope, callSite, promise, settle as unknown as Settle);
  if (!isRefused(node)) start(node, work);
  return promise;
}

/** Makes the scope ready to run; arms nothing yet. */
function begin(
  scope: Scope,
  callSite: CallSite,
  promise: Promise<unknown>,
  settle: Settle,
): RunNode {
  const enclosing = scopeAround();
  if (scope.state !== 'pending') renew(scope);
  const { settings } = scope;
  scope.isAsync = true;
  scope.isBare = false;
  scope.isFramed = false;
  scope.strategy = undefined;
  scope.enclosing = enclosing;
  scope.depth = 0;
  scope.callSite = callSite;
  scope.callStack = captureCallStack(callSite);
  const startedAt = asyncNow();
  scope.startedAt = startedAt;
  if (settings.deadline !== undefined) scope.timeout = Math.max(0, settings.deadline - startedAt);
  scope.deadline =
    settings.suspendable && isInspectorOpen()
      ? Infinity
      : (settings.deadline ?? startedAt + scope.timeout);
  const node = new RunNode(scope, promise, settle);
  scope.node = node;
  return node;
}

/** Work is not started for an aborted signal, nor inside a scope that has been told to stop. */
function isRefused(node: RunNode): boolean {
  const { enclosing, settings } = node.scope;
  if (settings.signal?.aborted === true) {
    endUnstarted(node, settings.signal.reason, false);
    return true;
  }
  if (enclosing === undefined) return false;
  const failure = enclosing.orderedFailure() ?? findStruck(enclosing);
  if (failure === undefined) return false;
  endUnstarted(node, failure.error, true);
  return true;
}

function findStruck(enclosing: Scope): Failure | undefined {
  const owner = enclosing.struck();
  if (owner === undefined) return undefined;
  const order = orderOf(owner, undefined);
  if (owner.isAsync) stopScope(owner, order);
  return { error: orderError(order) };
}

function start(node: RunNode, work: AsyncWork): void {
  const { scope } = node;
  scope.running = true;
  scope.state = 'executing';
  node.attach(nodeOf(scope.enclosing));
  const { signal } = scope.settings;
  if (signal !== undefined) follow(signal, node);
  listenForStop(node);
  if (scope.deadline <= scope.startedAt) {
    // Expired already, and yet it is started: it is stopped at its first suspension.
    node.order = orderOf(scope, undefined);
  } else if (scope.deadline !== Infinity) {
    node.deadline = scope.deadline;
    arm(node);
    countArmed();
  }
  const begun: Start = { scope, work, result: undefined };
  scope.isStarting = true;
  try {
    const value = runInside(scope, runPart, callWork, begun);
    if (value === STOPPED) {
      const ended = lastPartStop();
      if (ended.stage !== 'late') {
        endStoppedPart(node, ended);
        return;
      }
    }
    goOn(node, begun.result);
  } catch (error) {
    endSettled(node, { error }, undefined);
  } finally {
    scope.isStarting = false;
  }
}

function callWork(begun: Start): unknown {
  const { work, scope } = begun;
  return (begun.result = work(scope.handle as never));
}

/** The first part has come back: what it handed back is the rest of the work, or its value. */
function goOn(node: RunNode, result: unknown): void {
  let rest = result;
  if (isGenerator(result)) {
    const coroutine = new Coroutine(node, result, endStoppedPart);
    node.coroutine = coroutine;
    rest = runInside(node.scope, startCoroutine, coroutine, undefined);
  } else if (types.isGeneratorObject(result)) {
    throw invalidOptionType('work', 'a function, async function or generator function', result);
  }
  if (!isPromiseLike(rest)) {
    endSettled(node, undefined, rest);
    return;
  }
  waitFor(
    rest,
    (value) => {
      endSettled(node, undefined, value);
    },
    (error) => {
      endSettled(node, { error }, undefined);
    },
  );
  if (node.order !== undefined) node.wake?.();
}

function startCoroutine(_scope: Scope, coroutine: Coroutine): Promise<unknown> {
  return coroutine.start();
}

function findMisuse({ running, isClosed, settings }: Scope, work: unknown): Error | undefined {
  if (typeof work !== 'function') return invalidOptionType('work', 'a function', work);
  if (running) return new InvalidStateError('The scope is running already');
  if (isClosed === true) return new InvalidStateError('The timeout has been closed');
  return findUnfitOption(settings);
}

/** The error for an option that only synchronous work can have. */
export function findUnfitOption({ strategy, cpuTimeout }: ScopeSettings): Error | undefined {
  if (strategy !== 'auto') {
    return invalidOptionType('strategy', 'absent for asynchronous work', strategy);
  }
  if (cpuTimeout === Infinity) return undefined;
  return invalidOptionType('cpuTimeout', 'absent for asynchronous work', cpuTimeout);
}

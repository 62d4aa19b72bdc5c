import { types } from 'node:util';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import { nativeDepth, struckDepth } from '../strategy/native-strategy.js';
import { STOPPED, type Stop } from '../strategy/strategy.js';
import { asyncNow } from './async-clock.js';
import { begin, findMisusedScope, findUnfitOption, isRefused, start } from './async-beginning.js';
import { endSettled, endStoppedPart } from './async-ending.js';
import { popPart } from './async-part.js';
import { lastPartStop, runPart } from './async-step.js';
import { runAround, runInside } from './async-storage.js';
import { captureCallStack, type CallStack } from './call-stack.js';
import type { Failure } from './cleanup-stack.js';
import { Coroutine } from './coroutine.js';
import { liveScope, setInnermostScope } from './current-scope.js';
import { abandon } from './ending.js';
import type { RunNode } from './run-node.js';
import type { CallSite, Scope } from './scope.js';
import { uninterrupted } from '../strategy/uninterrupted.js';
import { isGenerator, mayBeThenable, waitFor } from './yielded.js';

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
 * @param startedAt read as the first thing of all, as the limit counts from the call
 * @param callStack taken by the function that was called itself, where that is not the caller of this one: each frame costs
 * @returns rejects with the scope's `TimeoutError` or what its options put in its place, or with what the work throws
 */
export function executeAsync(
  scope: Scope,
  work: AsyncWork,
  callSite: CallSite,
  startedAt: number = asyncNow(),
  callStack: CallStack = captureCallStack(callSite),
): Promise<unknown> {
  const misuse = findMisuse(scope, work);
  if (misuse !== undefined) return Promise.reject(misuse);
  // What is on the stack may be stopped at any point. The work can be cut, what is done for it here cannot.
  const node = uninterrupted(() => enter(scope, callSite, startedAt, callStack));
  if (node.isOver) return node.promise;
  try {
    advance(node, work);
  } finally {
    // Where no stack was left, nobody else does it.
    if (scope.isStarting === true) {
      leaveStack(node);
      ignoreIfUnwinding(node);
    }
  }
  return node.promise;
}

/** Begins the run and puts it on the stack, so that whoever unwinds the call finds it there. */
function enter(scope: Scope, callSite: CallSite, startedAt: number, callStack: CallStack): RunNode {
  const below = liveScope(abandon);
  const node = begin(scope, below, callSite, startedAt, callStack);
  if (isRefused(node)) return node;
  start(node);
  scope.below = below;
  scope.depth = nativeDepth();
  scope.isStarting = true;
  setInnermostScope(scope);
  return node;
}

/** Lets the work begin: its first part, and the first step of a coroutine. */
function advance(node: RunNode, work: AsyncWork): void {
  const { scope } = node;
  const begun: Start = { scope, work, result: undefined };
  let failure: Failure | undefined;
  let rest: unknown;
  try {
    if (runInside(scope, runPart, callWork, begun) === STOPPED) {
      const ended = lastPartStop();
      if (ended.stage !== 'late') {
        endCut(node, ended);
        return;
      }
    }
    rest = restOf(node, begun.result);
    // The first step of a coroutine was stopped.
    if (node.isOver) return;
  } catch (error) {
    failure = { error };
  }
  uninterrupted(() => {
    awaitRest(node, failure, rest);
  });
}

/** The call is over: nothing of the run is on the stack any more. */
function leaveStack(node: RunNode): void {
  const { scope } = node;
  scope.isStarting = false;
  popPart(scope);
  if (!node.isOver && !node.isAwaited) {
    node.unwound();
    node.markHandled();
  }
}

/** A part was stopped by force. Whoever is told of that is outside of the scope, as after all other ends. */
function endCut(node: RunNode, ended: Stop): void {
  uninterrupted(() => {
    node.isAwaited = true;
    if (node.scope.isStarting === true) leaveStack(node);
    runAround(node.scope, endStoppedPart, node, ended);
    ignoreIfUnwinding(node);
  });
}

/** Where the stop of what is around is under way, nobody will get the promise. */
function ignoreIfUnwinding(node: RunNode): void {
  if (node.isOver && nativeDepth() > 0 && struckDepth() <= nativeDepth()) node.markHandled();
}

function callWork(begun: Start): unknown {
  const { work, scope } = begun;
  return (begun.result = work(scope.handle as never));
}

/** What the first part handed back is the rest of the work, or its value; of a coroutine, its steps are. */
function restOf(node: RunNode, result: unknown): unknown {
  if (isGenerator(result)) {
    const coroutine = new Coroutine(node, result, endCut);
    node.coroutine = coroutine;
    return runInside(node.scope, startCoroutine, coroutine, undefined);
  }
  if (types.isGeneratorObject(result)) {
    throw invalidOptionType('work', 'a function, async function or generator function', result);
  }
  return result;
}

function awaitRest(node: RunNode, failure: Failure | undefined, rest: unknown): void {
  node.isAwaited = true;
  if (failure !== undefined || !mayBeThenable(rest)) {
    // First, so that whoever is told of the end is outside of the scope.
    leaveStack(node);
    endSettled(node, failure, rest);
    ignoreIfUnwinding(node);
    return;
  }
  waitFor(
    // What a thenable does when it is asked belongs to the work.
    types.isPromise(rest) ? rest : runInside(node.scope, adopt, rest, undefined),
    (value) => {
      endSettled(node, undefined, value);
    },
    (error) => {
      endSettled(node, { error }, undefined);
    },
  );
  if (node.order !== undefined) node.wake?.();
  leaveStack(node);
  ignoreIfUnwinding(node);
}

function adopt(_scope: Scope, thenable: unknown): Promise<unknown> {
  return Promise.resolve(thenable);
}

function startCoroutine(_scope: Scope, coroutine: Coroutine): Promise<unknown> {
  return coroutine.start();
}

function findMisuse(scope: Scope, work: unknown): Error | undefined {
  if (typeof work !== 'function') return invalidOptionType('work', 'a function', work);
  return findMisusedScope(scope) ?? findUnfitOption(scope.settings);
}

import type { RunningCall } from '../strategy/isolation/host.js';
import { asyncNow } from './async-clock.js';
import { begin, findMisusedScope, isRefused, start } from './async-beginning.js';
import { endByItself, endStopped } from './async-ending.js';
import { orderOf, stopScope } from './async-node.js';
import { runInside } from './async-storage.js';
import { captureCallStack, type CallStack } from './call-stack.js';
import { liveScope } from './current-scope.js';
import { abandon } from './ending.js';
import { disarm } from './expiry.js';
import { endOutside } from './outside-ending.js';
import { outsideLimits, type OutsideLimits } from './outside-limits.js';
import type { RunNode } from './run-node.js';
import type { CallSite, OutsideKind, Scope } from './scope.js';
import { uninterrupted } from '../strategy/uninterrupted.js';

/** Work that goes on outside of this thread, in another one or in a process, and that is ended there. */
export interface OutsideWork extends OutsideKind {
  /** Starts it, in the context of its scope. What it throws rejects the run. */
  start(run: OutsideRun): RunningCall;
}

/** The run of such work, as the work sees it. */
export interface OutsideRun {
  /** When it is to be stopped, by its own limits and those around it. Told anew when they move. */
  readonly limits: OutsideLimits;
  /** Its own deadline strikes now: it has been silent for so long, ms. */
  expireIdle(silence: number): void;
}

/**
 * Runs work that goes on outside of this thread under a scope. Unlike work of this thread it is not started where there
 * is no time left, and its end is waited for: it is stopped by force, so that comes soon.
 *
 * @returns rejects with the scope's `TimeoutError` or what its options put in its place, or with the work's own error
 */
export function executeOutside(
  scope: Scope,
  work: OutsideWork,
  callSite: CallSite,
  callStack: CallStack = captureCallStack(callSite),
): Promise<unknown> {
  const misuse = findMisusedScope(scope);
  if (misuse !== undefined) return Promise.reject(misuse);
  // What is on the stack may be stopped at any point: then the work has been started and has its place in the tree, or
  // it has not been started.
  return uninterrupted(() => enter(scope, work, callSite, callStack)).promise;
}

function enter(scope: Scope, work: OutsideWork, callSite: CallSite, callStack: CallStack): RunNode {
  const node = begin(scope, liveScope(abandon), callSite, asyncNow(), callStack);
  scope.outside = work;
  if (scope.silence !== undefined) scope.silence = undefined;
  if (isRefused(node)) return node;
  start(node);
  if (node.order !== undefined) {
    endStopped(node, node.order, 'refused', true);
    return node;
  }
  try {
    const call = runInside(scope, startWork, node, work);
    node.goOutside(call);
    void call.outcome.then((outcome) => {
      endOutside(node, outcome);
    });
  } catch (error) {
    endByItself(node, { error }, undefined);
  }
  return node;
}

function startWork(scope: Scope, node: RunNode, work: OutsideWork): RunningCall {
  return work.start({
    limits: outsideLimits(scope),
    expireIdle: (silence) => {
      expireIdle(node, silence);
    },
  });
}

function expireIdle(node: RunNode, silence: number): void {
  const { scope } = node;
  if (node.isOver || node.order !== undefined) return;
  uninterrupted(() => {
    disarm(node);
    scope.silence = silence;
    scope.deadline = asyncNow();
    stopScope(scope, orderOf(scope, undefined));
  });
}

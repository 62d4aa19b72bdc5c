import { asyncNow } from '../async-clock.js';
import { begin, findMisusedScope, isRefused, start } from '../async-beginning.js';
import { endStopped } from '../async-ending.js';
import { captureCallStack, type CallStack } from '../call-stack.js';
import { liveScope } from '../current-scope.js';
import { abandon } from '../ending.js';
import type { RunNode } from '../run-node.js';
import type { CallSite, Scope } from '../scope.js';
import { uninterrupted } from '../../strategy/uninterrupted.js';
import type { HostPool } from './host-pool.js';
import { PoolCall, type CallRequest } from './pool-call.js';

/** A call that was handed in. */
export interface PooledRun {
  /** Rejects with the scope's `TimeoutError` or what its options put in its place, or with the task's own error. */
  readonly promise: Promise<unknown>;
  /** Ends it now, with that error. */
  end(error: unknown): void;
}

/** For a call that has no error of its own to give a stack. */
const NO_CALL_STACK: CallStack = Object.freeze({});

/**
 * Runs a task in a host of a pool under a scope. The end of the task is waited for: it is stopped by force.
 *
 * @param callStack where it is not that of the caller of `callSite`
 */
export function executeInPool(
  scope: Scope,
  pool: HostPool,
  request: CallRequest,
  callSite: CallSite,
  callStack: CallStack = mayTimeOut(scope, request) ? captureCallStack(callSite) : NO_CALL_STACK,
): PooledRun {
  const misuse = findMisusedScope(scope);
  if (misuse !== undefined) return { promise: Promise.reject(misuse), end: () => undefined };
  // What is on the stack may be stopped at any point: then the call is in the pool and in the tree, or in neither.
  return uninterrupted(() => enter(scope, pool, request, callSite, callStack));
}

/** Whether it may have a timeout of its own: a third of what a call without one costs here is to find out where it is. */
function mayTimeOut({ timeout, settings }: Scope, request: CallRequest): boolean {
  const { deadline, cpuTimeout } = settings;
  const { queueTimeout, onMessage } = request;
  return (
    timeout !== Infinity ||
    deadline !== undefined ||
    cpuTimeout !== Infinity ||
    queueTimeout !== Infinity ||
    // There the limit can be moved.
    onMessage !== undefined
  );
}

function enter(
  scope: Scope,
  pool: HostPool,
  request: CallRequest,
  callSite: CallSite,
  callStack: CallStack,
): PooledRun {
  const node = begin(scope, liveScope(abandon), callSite, asyncNow(), callStack);
  const call = new PoolCall(pool, request, node);
  scope.outside = call;
  if (isRefused(node)) return call;
  start(node);
  if (node.order === undefined) pool.submit(call);
  else refuse(node);
  return call;
}

/** No time is left, so nothing is started. What users are told in then is not for this place. */
function refuse(node: RunNode): void {
  queueMicrotask(() => {
    if (node.order !== undefined && !node.isOver) endStopped(node, node.order, 'refused', true);
  });
}

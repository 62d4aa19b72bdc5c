import { placeOfCall, type CallPlace } from '../core/call-place.js';
import { executeIsolatedSync } from '../core/isolated-sync-run.js';
import type { RunSyncOptions } from '../core/options.js';
import { defaultPool } from '../core/pool/default-pools.js';
import { executeInPool } from '../core/pool/execute-in-pool.js';
import type { CallSite } from '../core/scope.js';
import type { TransferableTask } from '../entry/worker-messages.js';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { transferableTask } from '../strategy/isolation/transferable-task.js';
import { parseCall } from './isolated-options.js';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** A function whose calls run in a worker or a process. */
export interface IsolatedFunction {
  readonly strategy: 'worker' | 'process';
  /** Where it was wrapped: its wrapper is looked for there, among the exports. */
  readonly place: CallPlace | undefined;
  /** What is sent; found at the first call, as what is wrong with it is of interest only then. */
  readonly task: () => TransferableTask;
}

/** @param callee the function whose caller wraps; left out where a wrapper can be no export */
export function isolateFunction(
  work: AnyFunction,
  strategy: 'worker' | 'process',
  callee: CallSite | undefined,
): IsolatedFunction {
  const place = callee === undefined ? undefined : placeOfCall(callee);
  let found: TransferableTask | undefined;
  return { strategy, place, task: () => (found ??= findTask(work, place)) };
}

/** Calls it under new limits; blocks unless it is asynchronous. */
export function callIsolated(
  { strategy, task }: IsolatedFunction,
  args: readonly unknown[],
  options: RunSyncOptions,
  callSite: CallSite,
): unknown {
  const { scope, request } = parseCall(task(), { ...options, args }, strategy);
  return executeIsolatedSync(strategy, scope, request, undefined, callSite);
}

/** The same for an async or generator function. */
export function callIsolatedAsync(
  { strategy, task }: IsolatedFunction,
  args: readonly unknown[],
  options: RunSyncOptions,
  callSite: CallSite,
): Promise<unknown> {
  try {
    const { scope, request } = parseCall(task(), { ...options, args }, strategy);
    return executeInPool(scope, defaultPool(strategy, undefined), request, callSite).promise;
  } catch (error) {
    return Promise.reject(error);
  }
}

/** A function that stands alone is sent as it is; another one has to be found in its module. */
function findTask(work: AnyFunction, place: CallPlace | undefined): TransferableTask {
  try {
    return transferableTask(work);
  } catch (error) {
    if (place === undefined || !(error instanceof NotTransferableError)) throw error;
    return { kind: 'wrapped', ...place, name: work.name === '' ? '(anonymous)' : work.name };
  }
}

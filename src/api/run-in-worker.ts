import { defaultPool } from '../core/pool/default-pools.js';
import { executeInPool } from '../core/pool/execute-in-pool.js';
import { transferableTask } from '../strategy/isolation/transferable-task.js';
import {
  asOptions,
  parseCall,
  parseLimits,
  type OrLimit,
  type WorkerOptions,
} from './isolated-options.js';
import type { Task } from './task.js';

/**
 * Runs a task in a worker thread of this thread's default pool.
 *
 * At the deadline, `grace` ms later if that is given, the task is interrupted inside its worker, which lives on and serves
 * the next one (stage `'interrupt'`); asynchronous work is told by the `signal` of its `currentScope()` at once. A worker
 * that does not answer is terminated and replaced (stage `'terminate'`); without the addon always. What is stuck in a
 * built-in or a system call that does not look up (`pbkdf2Sync`, `execSync`) cannot be ended in a thread:
 * `stopped: false`, and `runInProcess` for it.
 *
 * The limit counts from when a worker takes the task; `deadline`, the scopes around and `signal` count while it waits for one
 * as well, `queueTimeout` limits that wait alone. Inside the task `currentScope()` has the time that is left. The promise
 * settles when the task has really ended, or cannot be ended.
 *
 * @param task a self-contained function, or what `task()` returns
 * @param options the limit in ms (`0`: not started; `undefined`, `null`, `Infinity`: none), or options
 * @returns a structured clone of the task's result, or what the `default` option gives on timeout
 * @throws (rejects with) TimeoutError when the task did not end before its deadline; what the task throws; the reason of an
 *   aborted `signal`
 * @throws (rejects with) NotTransferableError for a task, an argument or a result that cannot be sent
 * @throws (rejects with) WorkerExitError when the thread ended by itself, by `process.exit()` or for lack of memory
 * @throws (rejects with) StrategyUnavailableError when no worker can be started here; InvalidOptionError for a bad option
 * @example examples/isolation/worker.ts
 */
export function runInWorker<Result, Args extends readonly unknown[], D = never>(
  task: Task<Result, Args>,
  options: WorkerOptions<Args, D> & { readonly error: false },
): Promise<Awaited<Result> | D | undefined>;
export function runInWorker<Result, Args extends readonly unknown[], D = never>(
  task: Task<Result, Args>,
  options: OrLimit<Args, WorkerOptions<Args, D>>,
): Promise<Awaited<Result> | D>;
export function runInWorker(
  task: Task,
  options: WorkerOptions | number | null | undefined,
): Promise<unknown> {
  try {
    const given = asOptions(options);
    const { scope, request } = parseCall(transferableTask(task), given, 'worker');
    const pool = defaultPool('worker', parseLimits(given.resourceLimits));
    return executeInPool(scope, pool, request, runInWorker).promise;
  } catch (error) {
    return Promise.reject(error);
  }
}

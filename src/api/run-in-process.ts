import { defaultPool } from '../core/pool/default-pools.js';
import { executeInPool } from '../core/pool/execute-in-pool.js';
import { transferableTask } from '../strategy/isolation/transferable-task.js';
import {
  asOptions,
  parseCall,
  parseLimits,
  type OrLimit,
  type ProcessOptions,
} from './isolated-options.js';
import type { Task } from './task.js';

/**
 * Runs a task in a child process of this thread's default pool: where nothing but the end of a process can stop the work.
 *
 * At the deadline the task is told by the `signal` of its `currentScope()`, by `SIGTERM` listeners of its own, and what it runs
 * without a break is interrupted; the programs that it has started get SIGTERM. What has not ended `grace` ms later
 * (default 5000) is killed, the process with all its descendants (stage `'kill'`), on time even while this thread is
 * busy, and whatever it is stuck in. With an explicit `grace` a stretch of synchronous work has until shortly before its
 * end to look at `checkpoint()`; with `grace: 0` the process is killed at the deadline. The promise settles when the
 * process is free again, or was reaped.
 *
 * Processes end with this one, however it ends. They are kept for the next call while nothing of the task is left running in
 * them. The limit counts from when a process takes the task, unless `startupCounts`.
 *
 * @param task a self-contained function, or what `task()` returns
 * @param options the limit in ms (`0`: not started; `undefined`, `null`, `Infinity`: none), or options
 * @returns a copy of the task's result (of any size), or what the `default` option gives on timeout
 * @throws (rejects with) TimeoutError when the task did not end before its deadline; what the task throws; the reason of an
 *   aborted `signal`
 * @throws (rejects with) NotTransferableError for a task, an argument or a result that cannot be sent
 * @throws (rejects with) ProcessExitError when the process ended by itself or was killed by somebody else
 * @throws (rejects with) StrategyUnavailableError when no process can be started here; InvalidOptionError for a bad option
 * @example examples/isolation/process.ts
 */
export function runInProcess<Result, Args extends readonly unknown[], D = never>(
  task: Task<Result, Args>,
  options: ProcessOptions<Args, D> & { readonly error: false },
): Promise<Awaited<Result> | D | undefined>;
export function runInProcess<Result, Args extends readonly unknown[], D = never>(
  task: Task<Result, Args>,
  options: OrLimit<Args, ProcessOptions<Args, D>>,
): Promise<Awaited<Result> | D>;
export function runInProcess(
  task: Task,
  options: ProcessOptions | number | null | undefined,
): Promise<unknown> {
  try {
    const given = asOptions(options);
    const { scope, request } = parseCall(transferableTask(task), given, 'process');
    const pool = defaultPool('process', parseLimits(given.resourceLimits));
    return executeInPool(scope, pool, request, runInProcess).promise;
  } catch (error) {
    return Promise.reject(error);
  }
}

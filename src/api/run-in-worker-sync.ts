import { executeIsolatedSync } from '../core/isolated-sync-run.js';
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
 * Runs a task in a worker thread and blocks this thread until it has answered.
 *
 * At the deadline, `grace` ms later if that is given, the task is interrupted inside its worker, which lives on and serves
 * the next one (stage `'interrupt'`); a promise is told by the `signal` of its `currentScope()`. A worker that has not
 * answered 25 ms later is terminated (stage `'terminate'`), without the addon at once. `stopped` is `false` if the thread
 * had not ended 50 ms after that: it was inside a built-in or a system call that does not look up (`pbkdf2Sync`,
 * `execSync`), and runs on until that is over.
 *
 * The limit counts from when a worker is ready; the start of one, some tens of ms, is paid for by the first call, as one
 * idle worker is kept for the next task. A `deadline` and the scopes around include it. A task may return a promise: it
 * is awaited in the worker. Workers are used again unless the task left something running in them, so global variables that
 * a task sets may be seen by later ones. What a task prints goes to the process's own descriptors, at once.
 *
 * Nothing in this thread runs meanwhile but `onMessage`: a `signal` can only be aborted before the call, or there.
 *
 * @param task a self-contained function, or what `task()` returns
 * @param options the limit in ms (from `0`: not started; `undefined`, `null`, `Infinity`: none), or options
 * @returns a structured clone of the task's result, or what the `default` option gives on timeout
 * @throws TimeoutError when the task did not answer before its deadline
 * @throws NotTransferableError for a task, an argument or a result that cannot be sent
 * @throws WorkerExitError when the thread ended by itself, by `process.exit()` or for lack of memory
 * @throws StrategyUnavailableError when no worker can be started here
 * @throws InvalidOptionError for a bad option
 */
export function runInWorkerSync<Result, Args extends readonly unknown[], D = never>(
  task: Task<Result, Args>,
  options: WorkerOptions<Args, D> & { readonly error: false },
): Awaited<Result> | D | undefined;
export function runInWorkerSync<Result, Args extends readonly unknown[], D = never>(
  task: Task<Result, Args>,
  options: OrLimit<Args, WorkerOptions<Args, D>>,
): Awaited<Result> | D;
export function runInWorkerSync(
  task: Task,
  options: WorkerOptions | number | null | undefined,
): unknown {
  const given = asOptions(options);
  const { scope, request } = parseCall(transferableTask(task), given, 'worker');
  const resourceLimits = parseLimits(given.resourceLimits);
  return executeIsolatedSync('worker', scope, request, resourceLimits, runInWorkerSync);
}

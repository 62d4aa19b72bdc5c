import type { ResourceLimits, Transferable } from 'node:worker_threads';
import type { ScopeOptions } from '../core/options.js';
import { executeTask } from '../core/task-run.js';
import { scopeOf, Timeout } from '../core/timeout.js';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import { makeWorkerWork } from '../strategy/worker-strategy.js';
import type { Task } from './task.js';

/** The options of a call in a worker thread. */
export type WorkerOptions<Args extends readonly unknown[] = readonly unknown[], D = unknown> = Omit<
  ScopeOptions<D>,
  'cpuTimeout'
> & {
  /** Objects that are moved to the worker instead of copied; they must occur in `args`. */
  readonly transfer?: readonly Transferable[] | undefined;
  /** Limits on the worker's memory; see `node:worker_threads`. */
  readonly resourceLimits?: ResourceLimits | undefined;
} & ([] extends Args
    ? {
        /** What the task is called with; copied by structured clone. */
        readonly args?: Args | undefined;
      }
    : {
        /** What the task is called with; copied by structured clone. */
        readonly args: Args;
      });

/**
 * Runs a task in a worker thread and blocks this thread until it has answered.
 *
 * At the deadline, `grace` ms later if that is given, the worker is terminated, and a `TimeoutError` is thrown. Its
 * `stopped` is `false` if the thread had not ended 50 ms later: it was inside a built-in or a system call that does not
 * look up (`pbkdf2Sync`, `execSync`), or in a loop that its engine is blind to (docs/strategies.md), and runs on until
 * that is over.
 *
 * The limit counts from when a worker is ready; the start of one, some tens of ms, is paid for by the first call, as one
 * idle worker is kept for the next task. A `deadline` and the scopes around include it. A task may return a promise: it
 * is awaited in the worker. Workers are used again unless the task left something running in them, so global variables that
 * a task sets may be seen by later ones. What a task prints goes to the process's own descriptors, at once.
 *
 * Nothing in this thread runs meanwhile: a `signal` can only be aborted before the call.
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
  options: WorkerOptions<Args, D> | ([] extends Args ? number | null | undefined : never),
): Awaited<Result> | D;
export function runInWorkerSync(
  task: Task,
  options: WorkerOptions | number | null | undefined,
): unknown {
  const given = typeof options === 'object' && options !== null ? options : { timeout: options };
  const timeout = new Timeout(given.timeout, given);
  const work = makeWorkerWork(task, {
    args: parseList(given.args, 'args'),
    transfer: parseList(given.transfer, 'transfer') as readonly Transferable[],
    resourceLimits: parseLimits(given.resourceLimits),
  });
  return executeTask(scopeOf(timeout), work, runInWorkerSync);
}

function parseList(value: unknown, option: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalidOptionType(option, 'an array', value);
  return value;
}

function parseLimits(value: unknown): ResourceLimits | undefined {
  if (value === undefined || (typeof value === 'object' && value !== null)) return value;
  throw invalidOptionType('resourceLimits', 'an object', value);
}

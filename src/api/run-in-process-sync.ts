import { executeIsolatedSync } from '../core/isolated-sync-run.js';
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
 * Runs a task in a child process, as `runInProcess` does, and blocks this thread until it has answered, or its process was
 * reaped.
 *
 * Nothing in this thread runs meanwhile but `onMessage`: a `signal` can only be aborted before the call or there, and signals such as
 * SIGINT have their default effect, which ends this process, and with it the other one.
 *
 * @param task a self-contained function, or what `task()` returns
 * @param options the limit in ms (`0`: not started; `undefined`, `null`, `Infinity`: none), or options; `queueTimeout` has
 *   no meaning here, as nothing waits
 * @returns a copy of the task's result, or what the `default` option gives on timeout
 * @throws as `runInProcess` rejects
 */
export function runInProcessSync<Result, Args extends readonly unknown[], D = never>(
  task: Task<Result, Args>,
  options: ProcessOptions<Args, D> & { readonly error: false },
): Awaited<Result> | D | undefined;
export function runInProcessSync<Result, Args extends readonly unknown[], D = never>(
  task: Task<Result, Args>,
  options: OrLimit<Args, ProcessOptions<Args, D>>,
): Awaited<Result> | D;
export function runInProcessSync(
  task: Task,
  options: ProcessOptions | number | null | undefined,
): unknown {
  const given = asOptions(options);
  const { scope, request } = parseCall(transferableTask(task), given, 'process');
  const resourceLimits = parseLimits(given.resourceLimits);
  return executeIsolatedSync('process', scope, request, resourceLimits, runInProcessSync);
}

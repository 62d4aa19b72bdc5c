import type { RunSyncOptions } from '../core/options.js';
import { execute } from '../core/execution.js';
import { executeIsolatedSync, plainRequest } from '../core/isolated-sync-run.js';
import { isolationOf } from '../core/isolation-choice.js';
import { scopeFor, scopeOf, strategyFor, type Timeout } from '../core/timeout.js';
import { transferableTask } from '../strategy/isolation/transferable-task.js';
import type { InThreadWork } from '../strategy/strategy.js';
import type { TaskReference } from '../strategy/task-reference.js';

/**
 * Runs synchronous work in this thread under a limit.
 *
 * On expiry the work is stopped where it stands, loop or no loop, and a `TimeoutError` is thrown whose `cause` shows
 * where that was. The engine runs no `catch` and no `finally` of the stopped frames: use `scope.checkpoint()` with
 * `grace`, or `scope.defer`, for what must happen. Not stopped before they return are built-ins that never look at the
 * engine's stack guard (`JSON.parse` of a huge text, `sort` without comparator, `execSync`; see docs/strategies.md), and
 * never what the work leaves behind for later: promises, timers, ticks.
 *
 * The outcome is decided by the clock: a value that comes before the deadline is returned, one that comes later is a
 * timeout, and an error that the work throws is thrown whenever it comes.
 *
 * With `strategy: 'worker'` or `'process'` the work is a task, as for `runInWorkerSync` and `runInProcessSync`: a
 * self-contained function, called without arguments elsewhere while this thread blocks.
 *
 * @param work called with its scope; what `task()` has named runs in a worker unless a process is asked for
 * @param options the limit in ms (fractions allowed; `undefined`, `null`, `Infinity`: none; 0: not started), or options
 * @returns the work's value, or what the `default` option gives on timeout
 * @throws TimeoutError when the work did not return before its deadline
 * @throws InvalidOptionError for a bad option, and for work that returns a promise
 * @throws StrategyUnavailableError when a strategy that was asked for is not there
 * @example examples/quick-start.ts
 */
export function runSync<T, D = never>(
  work: ((scope: Timeout) => T) | TaskReference<T, []>,
  options: RunSyncOptions<D> & { readonly error: false },
): T | D | undefined;
export function runSync<T, D = never>(
  work: ((scope: Timeout) => T) | TaskReference<T, []>,
  options: number | null | undefined | RunSyncOptions<D>,
): T | D;
export function runSync(
  work: ((scope: Timeout) => unknown) | TaskReference,
  options: number | null | undefined | RunSyncOptions,
): unknown {
  const timeout = scopeFor(options);
  const scope = scopeOf(timeout);
  const isolation = isolationOf(scope, work);
  if (isolation === undefined) {
    return execute(scope, strategyFor(timeout, work), work as InThreadWork, timeout, runSync);
  }
  const request = plainRequest(transferableTask(work));
  return executeIsolatedSync(isolation, scope, request, undefined, runSync);
}

import { asyncNow } from '../core/async-clock.js';
import { executeAsync } from '../core/async-execution.js';
import { captureCallStack, type CallStack } from '../core/call-stack.js';
import type { ScopeOptions } from '../core/options.js';
import type { CallSite } from '../core/scope.js';
import { scopeFor, scopeOf, type Timeout } from '../core/timeout.js';

/** The options of asynchronous work. */
export type RunOptions<D = unknown> = Omit<ScopeOptions<D>, 'cpuTimeout'>;

/** Work that `run` takes: a function, an async function, or a generator function as a coroutine. */
export type RunWork<T> = (scope: Timeout) => T | PromiseLike<T> | Generator<unknown, T, unknown>;

/**
 * Runs asynchronous work under a limit.
 *
 * An async function is given its scope. At the deadline `scope.signal` aborts and the promise that `run` has returned
 * rejects with a `TimeoutError`: at once, or, with `grace`, as soon as the work has settled, at the latest `grace` ms
 * later. The function itself cannot be stopped while it awaits: what does not listen to the signal goes on, and the error
 * says so (`stopped: false`); what comes of it is dropped quietly.
 *
 * A generator function is a coroutine. Each `yield` waits for a promise (a thenable, an array of them), and the
 * timeout is thrown at the `yield`: `catch` and `finally` run. Swallowed, it is thrown again at each later `yield`,
 * except inside `scope.shield`.
 *
 * The part before the first `await`, and each step of a coroutine, runs under the native strategy where that is there: a
 * loop in it is stopped. A later part of an async function that blocks the thread past the deadline is not; the error's
 * `cause` shows where it was.
 *
 * @param work called with its scope
 * @param options the limit in ms (fractions allowed; `undefined`, `null`, `Infinity`: none; 0: stopped at its first
 *   suspension), or options
 * @returns the work's value, or what the `default` option gives on timeout
 * @throws (rejects with) TimeoutError when the work did not settle before its deadline
 * @throws (rejects with) what the work throws; the reason of an aborted `signal`; InvalidOptionError for a bad option
 */
export function run<T, D = never>(
  work: RunWork<T>,
  options: RunOptions<D> & { readonly error: false },
): Promise<T | D | undefined>;
export function run<T, D = never>(
  work: RunWork<T>,
  options?: number | null | RunOptions<D>,
): Promise<T | D>;
export function run(
  work: RunWork<unknown>,
  options?: number | null | RunOptions,
): Promise<unknown> {
  return startRun(work, () => options, run, asyncNow(), captureCallStack(run));
}

/** Starts a run; bad options reject like everything else that goes wrong. */
export function startRun(
  work: RunWork<unknown>,
  options: () => number | null | undefined | RunOptions,
  callSite: CallSite,
  startedAt: number,
  callStack: CallStack,
): Promise<unknown> {
  let scope;
  try {
    scope = scopeOf(scopeFor(options()));
  } catch (error) {
    return Promise.reject(error);
  }
  return executeAsync(scope, work, callSite, startedAt, callStack);
}

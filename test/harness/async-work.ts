import { once } from 'node:events';
import type { ExecutionContext } from 'ava';
import { TimeoutError, type RunWork, type Timeout } from 'hardstop';

/** A promise that never settles. */
export function forever(): Promise<never> {
  return new Promise(() => {});
}

/** Settles on the next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Settles after some ms, by a timer of Node's: which of two timers comes first is not the clock's to say alone. */
export function past(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A promise, and what settles it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function defer<T = unknown>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as unknown as Omit<Deferred<T>, 'promise'>) };
}

/** How a promise ended. */
export type Settled<T = unknown> =
  | { readonly rejected: false; readonly value: T; readonly error: undefined }
  | { readonly rejected: true; readonly value: undefined; readonly error: unknown };

/** Waits for a promise; tells a rejection with `undefined` from none. */
export async function settled<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { rejected: false, value: await promise, error: undefined };
  } catch (error) {
    return { rejected: true, value: undefined, error };
  }
}

/** Asserts that a promise rejects with a `TimeoutError`, and returns it. */
export async function timeoutFrom(
  t: ExecutionContext,
  promise: Promise<unknown>,
): Promise<TimeoutError> {
  const error = await t.throwsAsync(promise, { instanceOf: TimeoutError });
  if (error === undefined) throw new Error('Not a timeout');
  return error;
}

/**
 * Runs work under a limit that is set when the first part of the work has come back, so that no load on the machine can
 * have that part interrupted.
 */
export function runWithin<T>(scope: Timeout, ms: number, work: RunWork<T>): Promise<T> {
  const outcome = scope.run(work);
  scope.reschedule(ms);
  return outcome;
}

/** Resolves when a signal aborts, at once if it has. */
export async function abortOf(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

import type { ExecutionContext } from 'ava';
import { TimeoutError } from 'hardstop';

/** How a call ended. */
export type Outcome<T = unknown> =
  | { readonly threw: false; readonly value: T; readonly error: undefined }
  | { readonly threw: true; readonly value: undefined; readonly error: unknown };

/** Runs `work`; tells a thrown `undefined` from none. */
export function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { threw: false, value: work(), error: undefined };
  } catch (error) {
    return { threw: true, value: undefined, error };
  }
}

/** Asserts that `work` throws a `TimeoutError`, and returns it. */
export function timeoutOf(t: ExecutionContext, work: () => unknown): TimeoutError {
  return t.throws(work, { instanceOf: TimeoutError }) as TimeoutError;
}

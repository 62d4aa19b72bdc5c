import type { ExecutionContext } from 'ava';

export interface Measurement<T> {
  /** ms on the clock that decides outcomes. */
  readonly elapsed: number;
  readonly value: T | undefined;
  readonly error: unknown;
}

/** Runs `work` and times it; what it throws is part of the result. */
export function measure<T>(work: () => T): Measurement<T> {
  const start = performance.now();
  try {
    const value = work();
    return { elapsed: performance.now() - start, value, error: undefined };
  } catch (error) {
    return { elapsed: performance.now() - start, value: undefined, error };
  }
}

/**
 * Asserts that work which has to be stopped is stopped, and not before its time. The lower bound is exact: the
 * measurement starts before the deadline is computed and uses the same clock.
 *
 * @param timeout - the limit that `work` sets, ms.
 * @param upperBound - ms; generous by default, for machines that share their cores with other work.
 * @returns the error that `work` threw.
 */
export function assertNeverEarly(
  t: ExecutionContext,
  timeout: number,
  work: () => unknown,
  upperBound: number = timeout + 30_000,
): unknown {
  const { elapsed, error } = measure(work);
  t.not(error, undefined, 'the work was not stopped');
  t.true(elapsed >= timeout, `stopped ${String(timeout - elapsed)} ms early`);
  t.true(elapsed < upperBound, `stopped only after ${String(elapsed)} ms`);
  return error;
}

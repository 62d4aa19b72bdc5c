import type { Stage } from '../strategy/strategy.js';

/** Counters of this thread since the package was loaded in it. */
export interface Statistics {
  /** Scopes that were started under a limit. */
  readonly armed: number;
  /** Scopes that timed out, in whatever way. */
  readonly expired: number;
  /** Of those, scopes that were stopped by force. */
  readonly interrupted: number;
  /** Of those, scopes whose work ran to its end past the deadline. */
  readonly late: number;
  /** How late timed-out scopes ended after their hard deadline. */
  readonly lateness: LatenessHistogram;
}

/** A histogram with buckets that double in width. */
export interface LatenessHistogram {
  /** Upper bounds of the buckets in µs, exclusive; the last one is `Infinity`. */
  readonly boundsUs: readonly number[];
  /** How many scopes fell into each bucket. */
  readonly counts: readonly number[];
}

const BUCKETS = 22;
const BOUNDS_US: readonly number[] = Object.freeze(
  Array.from({ length: BUCKETS }, (_, bucket) => (bucket < BUCKETS - 1 ? 2 ** bucket : Infinity)),
);

let armed = 0;
let expired = 0;
let interrupted = 0;
let late = 0;
const counts: number[] = BOUNDS_US.map(() => 0);

export function countArmed(): void {
  armed++;
}

/** @param latenessMs from the hard deadline to the end of the scope */
export function countExpired(stage: Stage, latenessMs: number): void {
  expired++;
  if (stage === 'interrupt' || stage === 'terminate' || stage === 'kill') interrupted++;
  if (stage === 'late') late++;
  // The bounds are powers of two: the number of binary digits is the bucket.
  const bucket = 32 - Math.clz32(Math.min(latenessMs * 1000, 2 ** 31));
  const last = Math.min(bucket, counts.length - 1);
  counts[last] = (counts[last] ?? 0) + 1;
}

/**
 * Counters of this thread: how many scopes were armed, expired, were interrupted or came late, and how late.
 *
 * @returns a snapshot that does not change afterwards; lateness in µs
 */
export function statistics(): Statistics {
  return Object.freeze({
    armed,
    expired,
    interrupted,
    late,
    lateness: Object.freeze({ boundsUs: BOUNDS_US, counts: Object.freeze([...counts]) }),
  });
}

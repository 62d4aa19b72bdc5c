import { performance } from 'node:perf_hooks';

/**
 * Milliseconds on the monotonic clock, the scale of every deadline. Bound when the package is loaded, so that fake
 * timers which replace `performance.now` later on cannot stop deadlines from passing.
 */
export const now: () => number = performance.now.bind(performance);

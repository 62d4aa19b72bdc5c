import { performance } from 'node:perf_hooks';

/** Milliseconds on the scale of every deadline; bound at load, so that fake timers cannot replace it later. */
export const now: () => number = performance.now.bind(performance);

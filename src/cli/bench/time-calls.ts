import { isTimeout } from './is-timeout.js';

const WARM_UP_MS = 150;
const WARM_UP_CALLS = 10;
/** A batch is long against the clock's resolution and short against the scheduler's time slice. */
const BATCH_MS = 0.5;
const MEASURE_MS = 500;

/**
 * What a call costs, in microseconds: many batches of calls, each batch's mean one sample. The median of the samples is
 * the figure to quote; what lies above it is the collector's and the scheduler's work.
 */
export function timeCalls(call: () => unknown): readonly number[] {
  const batchSize = warmUp(call);
  const samples: number[] = [];
  const end = performance.now() + MEASURE_MS;
  do {
    const batchMs = timeBatch(call, batchSize);
    if (batchMs !== undefined) samples.push((batchMs * 1_000) / batchSize);
  } while (performance.now() < end || samples.length === 0);
  return samples;
}

/** The same for calls that hand back promises, each awaited before the next: one call is one sample. */
export async function timeAsyncCalls(call: () => unknown): Promise<readonly number[]> {
  for (let calls = 0; calls < WARM_UP_CALLS; calls++) await call();
  const samples: number[] = [];
  const end = performance.now() + MEASURE_MS;
  do {
    const start = performance.now();
    await call();
    samples.push((performance.now() - start) * 1_000);
  } while (performance.now() < end);
  return samples;
}

/** Lets the engine optimise; returns how many calls make a batch. */
function warmUp(call: () => unknown): number {
  let calls = 0;
  let spentMs = 0;
  while (spentMs < WARM_UP_MS) {
    const batchMs = timeBatch(call, WARM_UP_CALLS);
    if (batchMs === undefined) continue;
    calls += WARM_UP_CALLS;
    spentMs += batchMs;
  }
  return Math.max(1, Math.round((BATCH_MS * calls) / spentMs));
}

/** ms of so many calls; `undefined` when the machine was so busy in one of them that its limit struck. */
function timeBatch(call: () => unknown, calls: number): number | undefined {
  const start = performance.now();
  try {
    for (let i = 0; i < calls; i++) call();
  } catch (error) {
    if (isTimeout(error)) return undefined;
    throw error;
  }
  return performance.now() - start;
}

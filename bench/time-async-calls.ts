const WARM_UP_MS = 150;
const MEASURE_MS = 500;
/** A batch is long enough for the collector to have its turn in each: what calls leave behind is part of their price. */
const BATCH_CALLS = 4_000;

/** What an asynchronous call costs that is awaited before the next one, in microseconds: each batch's mean one sample. */
export async function timeAsyncCalls(call: () => Promise<unknown>): Promise<readonly number[]> {
  return timeBatches(async () => {
    for (let i = 0; i < BATCH_CALLS; i++) await call();
  }, BATCH_CALLS);
}

/** The same where the batch is a loop of its own; `calls`: how many it makes. */
export async function timeBatches(
  batch: () => Promise<unknown>,
  calls: number,
): Promise<readonly number[]> {
  const warmUntil = performance.now() + WARM_UP_MS;
  do await batch();
  while (performance.now() < warmUntil);
  const samples: number[] = [];
  const end = performance.now() + MEASURE_MS;
  do {
    const start = performance.now();
    await batch();
    samples.push(((performance.now() - start) * 1_000) / calls);
  } while (performance.now() < end);
  return samples;
}

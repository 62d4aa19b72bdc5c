// Taken before anybody can fake it.
const { setImmediate } = globalThis;

/** A turn in which promise reactions, ticks and immediates run, and one for the immediates that they have queued. */
const TURNS = 2;

/** Resolves when what can go on without time passing has gone on; does not wait for I/O and timers. */
export async function settleWork(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

import { setTimeout as delay } from 'node:timers/promises';

const POLL_INTERVAL_MS = 5;
/** Nothing is that slow; the runner's own limit, which tells less, comes later. */
const DEFAULT_TIMEOUT_MS = 40_000;

/**
 * Resolves as soon as `condition` holds; rejects when it has not held in time.
 *
 * @param what - names the condition in the error.
 * @param timeoutMs - how long to wait.
 */
export async function waitForCondition(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number = DEFAULT_TIMEOUT_MS,
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() >= giveUpAt) {
      throw new Error(`${what}: not within ${String(timeoutMs)} ms`);
    }
    await delay(POLL_INTERVAL_MS);
  }
}

/** Resolves when the event loop has gone round once more: timers, I/O and immediates had their turn. */
export async function waitForEventLoop(): Promise<void> {
  await delay(1);
  await new Promise<void>((resolve) => setImmediate(resolve));
}

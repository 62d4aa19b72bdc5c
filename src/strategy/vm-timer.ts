import { now } from '../clock.js';

/** The longest `timeout` that node:vm accepts, ms. */
const LONGEST_VM_TIMEOUT = 2 ** 32 - 1;

// libuv reads the start of a timer from a clock that Linux may let lag by up to one tick of 1 ms.
const START_LAG = process.platform === 'linux' ? 1 : 0;

// From the performance.now() scale to that of libuv's clock, ms; between these two, which differ by the time that the
// clock was being read.
const [EARLIEST_OFFSET, LATEST_OFFSET] = measureOffset();

/**
 * The whole millisecond on libuv's clock at which a vm timer is due that must not strike before `deadline`.
 *
 * node:vm counts whole milliseconds from the last whole one before the start, so a plain `Math.ceil(timeout)` would
 * strike up to 1 ms early.
 */
export function vmTick(deadline: number): number {
  return Math.ceil(deadline + LATEST_OFFSET) + START_LAG;
}

/** The `timeout` to give to node:vm now for a timer that is due at `tick`; `undefined`: too far away, no timer. */
export function vmTimeoutUntil(tick: number): number | undefined {
  const timeout = tick - Math.floor(now() + EARLIEST_OFFSET);
  return timeout > LONGEST_VM_TIMEOUT ? undefined : Math.max(timeout, 1);
}

/** When a timer of `timeout` ms that was already running at the instant `running` has struck for certain. */
export function vmTimerHasStruckBy(running: number, timeout: number): number {
  return running + timeout + 1 + START_LAG;
}

function measureOffset(): [earliest: number, latest: number] {
  let earliest = -Infinity;
  let latest = Infinity;
  for (let round = 0; round < 5; round += 1) {
    const before = now();
    const libuv = Number(process.hrtime.bigint()) / 1e6;
    const after = now();
    earliest = Math.max(earliest, libuv - after);
    latest = Math.min(latest, libuv - before);
  }
  return [earliest, latest];
}

import { now } from '../clock.js';
import { sharedNow } from './worker-cells.js';

// `performance.now()` starts anew in each thread and process; `sharedNow()` reads the same clock from one origin that all
// on this machine share. Instants travel on the latter.

const READINGS = 5;

let offset: number | undefined;

/** An instant on this thread's `performance.now()` scale, on the shared one. `Infinity` stays what it is. */
export function toShared(instant: number): number {
  return instant + (offset ??= measureOffset());
}

/** An instant on the shared scale, on this thread's `performance.now()` scale. `Infinity` stays what it is. */
export function fromShared(instant: number): number {
  return instant - (offset ??= measureOffset());
}

/** Between two readings the thread may lose its core: the closest ones count. They measure the same clock ever after. */
function measureOffset(): number {
  let closest = Infinity;
  let found = 0;
  for (let reading = 0; reading < READINGS; reading++) {
    const before = now();
    const shared = sharedNow();
    const after = now();
    if (after - before >= closest) continue;
    closest = after - before;
    found = shared - (before + after) / 2;
  }
  return found;
}

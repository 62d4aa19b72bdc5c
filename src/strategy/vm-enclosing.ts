import { inspectorIsAvailable, requestTermination } from './inspector-session.js';
import type { VmRun } from './vm-run.js';
import { now } from './vm-timer.js';

/**
 * A timer of node:vm terminates once. When a frame inside ends another termination at that time, the one of the frame
 * around it is gone, the code goes on, and the outer deadline is lost. So a run that has ended one looks at the clock:
 * where an enclosing deadline has struck as well it must not go back to the code around it, but waits for the
 * termination of the frame that owns that deadline, and if it was lost requests another.
 */

/** How long after the first timer the second one of a run strikes, where no termination can be requested, ms. */
export const BACKUP_DELAY = 25;

/** A native watchdog repeats its termination, and one that was requested is taken at once: far more than needed. */
const PATIENCE = 1000;

let innermost: VmRun | undefined;

const pauseCell = new Int32Array(new SharedArrayBuffer(4));

/**
 * The innermost live run under a vm timer.
 *
 * Runs that were ended from further out could not take themselves off; a live one has no earlier deadline than the
 * earliest of all that enclose the running code.
 */
export function innermostRun(enclosingDeadline: number): VmRun | undefined {
  while (innermost !== undefined && innermost.hardDeadline < enclosingDeadline) {
    innermost = innermost.outer;
  }
  return innermost;
}

/** Makes `run` the innermost one; after a run, the one around it. */
export function setInnermostRun(run: VmRun | undefined): void {
  innermost = run;
}

/**
 * To be called when a termination was ended in this thread, before the code around gets control. Returns at once while
 * the earliest enclosing deadline has not struck. If it has, does not return: the enclosing run is stopped from here.
 *
 * @param enclosingDeadline - the earliest hard deadline that is in force around, ms on the `performance.now()` scale.
 */
export function awaitEnclosingTermination(enclosingDeadline: number): void {
  if (!(now() >= enclosingDeadline)) return;
  const run = innermostRun(enclosingDeadline);
  // Some other strategy's, which does not lose it; or one that has no timer at all.
  if (run?.hardDeadline !== enclosingDeadline) {
    pauseUntil(now() + PATIENCE);
    return;
  }
  pauseUntil(run.struckBy);
  // From here on its timer has struck: its frame ends any termination that comes, whoever has requested it.
  if (inspectorIsAvailable()) {
    requestTermination();
    pauseUntil(now() + PATIENCE);
  } else {
    pauseUntil(run.struckBy + 2 * BACKUP_DELAY);
  }
}

/** A termination ends the pause, and all that is around it. */
function pauseUntil(instant: number): void {
  for (let left = instant - now(); left > 0; left = instant - now()) {
    Atomics.wait(pauseCell, 0, 0, Math.min(left, 5));
  }
}

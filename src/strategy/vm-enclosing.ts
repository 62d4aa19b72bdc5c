import { inspectorIsAvailable, requestTermination } from './inspector-session.js';
import type { VmRun } from './vm-run.js';
import { now } from '../clock.js';

/**
 * A timer of node:vm terminates once. When a frame inside ends another termination at that time, the one of the frame
 * around it is gone, the code goes on, and the outer deadline is lost. So a run that has ended one looks at the clock:
 * where an enclosing deadline has struck as well it must not go back to the code around it, but waits for the
 * termination of the frame that owns that deadline, and if it was lost requests another.
 */

/** How long after the first timer the second one of a run strikes, where no termination can be requested, ms. */
export const BACKUP_DELAY = 1000;

/** How long to wait for a termination that is certain to come, ms. */
const PATIENCE = 1000;

/** A request is taken at once, unless the engine refused it, ms. */
const REQUEST_INTERVAL = 10;

/** One live run of this strategy; each thread has a chain of them, from the innermost outwards. */
export interface LiveRun {
  readonly hardDeadline: number;
  readonly outer: LiveRun | undefined;
  /** The run whose timer ends it: its own, one around it, or `undefined` where another strategy does. */
  readonly timed: VmRun | undefined;
  /** How many timers are running in the chain. */
  readonly timers: number;
}

let innermost: LiveRun | undefined;

const pauseCell = new Int32Array(new SharedArrayBuffer(4));

/**
 * The innermost live run.
 *
 * Runs that were ended from further out could not take themselves off; a live one has no earlier deadline than the
 * earliest of all that enclose the running code.
 */
export function innermostRun(enclosingDeadline: number): LiveRun | undefined {
  while (innermost !== undefined && innermost.hardDeadline < enclosingDeadline) {
    innermost = innermost.outer;
  }
  return innermost;
}

/** Makes `run` the innermost one; after a run, the one around it. */
export function setInnermostRun(run: LiveRun | undefined): void {
  innermost = run;
}

/** The run whose timer enforces `enclosingDeadline`; `undefined`: another strategy does. */
export function runThatEnforces(enclosingDeadline: number): VmRun | undefined {
  const run = innermostRun(enclosingDeadline);
  return run?.hardDeadline === enclosingDeadline ? run.timed : undefined;
}

/**
 * To be called when a termination was ended in this thread, before the code around gets control. Returns at once while
 * the earliest enclosing deadline has not struck. If it has, does not return: the enclosing run is stopped from here.
 *
 * @param enclosingDeadline - the earliest hard deadline that is in force around, ms on the `performance.now()` scale.
 */
export function awaitEnclosingTermination(enclosingDeadline: number): void {
  if (!(now() >= enclosingDeadline)) return;
  const run = runThatEnforces(enclosingDeadline);
  // Another strategy's termination does not get lost.
  if (run === undefined) {
    pauseUntil(now() + PATIENCE);
    return;
  }
  pauseUntil(run.struckBy);
  // From here on its timer has struck: its frame ends any termination that comes, whoever has requested it.
  if (!inspectorIsAvailable()) {
    pauseUntil(run.struckBy + BACKUP_DELAY + PATIENCE);
    return;
  }
  for (const giveUp = now() + PATIENCE; now() < giveUp;) {
    requestTermination();
    pauseUntil(now() + REQUEST_INTERVAL);
  }
}

/** A termination ends the pause, and all that is around it. */
function pauseUntil(instant: number): void {
  for (let left = instant - now(); left > 0; left = instant - now()) {
    Atomics.wait(pauseCell, 0, 0, Math.min(left, 5));
  }
}

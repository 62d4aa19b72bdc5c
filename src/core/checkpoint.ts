// What work is told that asks for the time.

import { now } from '../clock.js';
import { orderedFailure, struckScope, timeLeft } from './reaching-limits.js';
import { timeoutErrorOf } from './scope-error.js';
import type { CallSite, Scope } from './scope.js';

const FREQUENT_MS = 0.001;
const CALLS_PER_READING = 32;

/** What a scope's work has asked, and what it was shown. */
export interface CheckpointPace {
  /** When `checkpoint` read the clock last, and for how many calls that was. */
  readAt: number;
  calls: number;
  /** How many calls may still leave the clock to the watchdog. */
  toSkip: number;
  /** The clock has shown that a deadline passed, whether or not the watchdog has had its turn. */
  hasShownExpiry: boolean;
}

/**
 * Reads the clock. In a loop that asks more often than every microsecond most calls need not, as the watchdog shows an
 * expiry as well: the clock is there for when it had no turn in time.
 */
export function clockShowsExpiry(scope: Scope): boolean {
  const time = now();
  const pace = (scope.pace ??= { readAt: NaN, calls: 1, toSkip: 0, hasShownExpiry: false });
  const isFrequent = time - pace.readAt < pace.calls * FREQUENT_MS;
  pace.readAt = time;
  pace.toSkip = isFrequent ? CALLS_PER_READING - 1 : 0;
  pace.calls = pace.toSkip + 1;
  pace.hasShownExpiry ||= timeLeft(scope, time) <= 0;
  return pace.hasShownExpiry;
}

/** Throws what the work of a scope is to be stopped with, if anything. */
export function throwIfStruck(scope: Scope, callSite: CallSite): void {
  if (scope.abort !== undefined) throw scope.abort.error;
  const failure = orderedFailure(scope);
  if (failure !== undefined) throw failure.error;
  const owner = struckScope(scope);
  if (owner === undefined) return;
  // What has been handed out at the end of a run says how that ended, whatever its work does afterwards.
  throw (
    (owner.running ? undefined : owner.error) ?? timeoutErrorOf(owner, 'checkpoint', true, callSite)
  );
}

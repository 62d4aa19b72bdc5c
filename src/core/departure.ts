import { join, type CleanupStack, type Failure } from './cleanup-stack.js';
import { setInnermostScope } from './current-scope.js';
import type { Scope } from './scope.js';

/**
 * A scope that has been left but is not done, because its cleanup runs. The hard stop of a scope around can cut that off
 * at any point: then the one around finds it here and goes on with it.
 */
interface Departure {
  readonly scope: Scope;
  readonly cleanup: CleanupStack | undefined;
  readonly below: Scope | undefined;
  /** The latest of those that had been cut off inside the scope when it was left; the last of them is before `outer`. */
  readonly cutOff: Departure | undefined;
  readonly outer: Departure | undefined;
}

let latest: Departure | undefined;

/** Leaves a scope: it no longer runs, and the one below it on the stack is the innermost. {@link finishDeparture} has to follow. */
export function depart(scope: Scope, endedAt: number): void {
  const cutOff = latest;
  let outer = latest;
  while (outer !== undefined && isInside(outer, scope)) outer = outer.outer;
  // First this one, then the scope: whatever strikes in between, one of the two can be found.
  latest = { scope, cleanup: scope.cleanup, below: scope.below, cutOff, outer };
  setInnermostScope(scope.below);
  scope.running = false;
  scope.endedAt = endedAt;
}

/**
 * Runs the cleanup of the scope that was left last, after what had been cut off inside it.
 *
 * @param failure what is on its way
 * @returns what is to be thrown
 */
export function finishDeparture(scope: Scope, failure: Failure | undefined): Failure | undefined {
  let outcome = failure;
  // Above it is only what a termination of somebody else's (node:vm) has cut off inside its cleanup.
  for (let departure = latest; departure !== undefined; departure = departure.outer) {
    const isOwn = departure.scope === scope;
    outcome = isOwn ? finish(departure, outcome) : join(outcome, finish(departure, undefined));
    latest = departure.outer;
    if (isOwn) break;
  }
  return outcome;
}

function finish(departure: Departure, failure: Failure | undefined): Failure | undefined {
  const { scope, cleanup, cutOff, outer } = departure;
  let outcome = failure;
  for (let inner = cutOff; inner !== undefined && inner !== outer; inner = inner.outer) {
    if (!inner.scope.running && inner.scope.state === 'executing')
      inner.scope.state = 'interrupted';
    outcome = join(outcome, finish(inner, undefined));
  }
  outcome = cleanup?.run(outcome) ?? outcome;
  if (cleanup !== undefined && scope.cleanup === cleanup) scope.cleanup = undefined;
  return outcome;
}

function isInside(departure: Departure, scope: Scope): boolean {
  let around = departure.below;
  while (around !== undefined && around !== scope) around = around.below;
  return around === scope;
}

import { nativeDepth } from '../strategy/native-strategy.js';
import type { Failure } from './cleanup-stack.js';
import { countExecutions } from './live-frames.js';
import type { Scope } from './scope.js';

/** Ends a scope that cannot do it itself any more; returns what its cleanup threw. */
type Abandon = (scope: Scope) => Failure | undefined;

// The innermost scope that this thread runs. A termination skips every line behind the call that it unwinds, so this
// can name a scope whose frame is gone: whoever is about to rely on it calls `liveScope`.
let innermost: Scope | undefined;

/** The scope that was entered last, alive or not. */
export function innermostScope(): Scope | undefined {
  return innermost;
}

/** Makes `scope` the innermost one; the scopes inside it must have been left. */
export function setInnermostScope(scope: Scope | undefined): void {
  innermost = scope;
}

/**
 * The innermost scope whose work is running.
 *
 * @param abandon called for every scope that was unwound by somebody else's termination (a `node:vm` timeout around
 *   it), innermost first: what its own code could not do any more
 * @param entering 1 inside `execute` of a scope that is not the innermost one yet, otherwise 0
 */
export function liveScope(abandon: Abandon, entering: 0 | 1 = 0): Scope | undefined {
  const depth = nativeDepth();
  while (innermost !== undefined && innermost.depth > depth) leaveDead(abandon);
  // The runs of other strategies are not counted in the addon: each scope has one call of `execute` on the stack.
  if (innermost !== undefined && innermost.strategy?.name !== 'native') {
    const entered = scopesEntered() + entering;
    let dead = entered - (countExecutions() ?? entered);
    while (dead > 0 && innermost !== undefined) {
      if (isCounted(innermost)) dead--;
      leaveDead(abandon);
    }
    while (innermost !== undefined && innermost.depth > depth) leaveDead(abandon);
  }
  return innermost;
}

function leaveDead(abandon: Abandon): void {
  const dead = innermost as Scope;
  innermost = dead.below;
  const failure = abandon(dead);
  if (failure === undefined) return;
  // There is no caller left who could be thrown what cleanup threw: an uncaught exception is not lost either.
  queueMicrotask(() => {
    throw failure.error;
  });
}

function scopesEntered(): number {
  let count = 0;
  for (let scope = innermost; scope !== undefined; scope = scope.below) {
    if (isCounted(scope)) count++;
  }
  return count;
}

/** Whether a call on the stack stands for the scope. The addon counts the native parts of asynchronous ones. */
function isCounted(scope: Scope): boolean {
  return !scope.isAsync || (scope.strategy !== undefined && scope.strategy.name !== 'native');
}

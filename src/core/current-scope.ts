import { nativeDepth } from '../strategy/native-strategy.js';
import type { Scope } from './scope.js';

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
 */
export function liveScope(abandon: (scope: Scope) => void): Scope | undefined {
  const depth = nativeDepth();
  while (innermost !== undefined && innermost.depth > depth) {
    const dead = innermost;
    innermost = dead.enclosing;
    abandon(dead);
  }
  return innermost;
}

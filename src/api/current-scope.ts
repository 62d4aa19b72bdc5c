import { scopeAround } from '../core/async-step.js';
import type { Timeout } from '../core/timeout.js';

/**
 * The innermost scope of the running code: the one on the stack, or else the one that the code was started in, across
 * `await`, timers, event emitters and callbacks.
 *
 * @returns the scope, or `undefined` outside every scope; in what a scope that has ended in time left behind, the scope
 *   around that
 */
export function currentScope(): Timeout | undefined {
  return scopeAround()?.handle as Timeout | undefined;
}

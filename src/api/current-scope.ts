import { liveScope } from '../core/current-scope.js';
import { abandon } from '../core/ending.js';
import type { Timeout } from '../core/timeout.js';

/**
 * The innermost scope of the running code.
 *
 * @returns the scope, or `undefined` outside every scope; in a callback that the work has left behind for later as well
 */
export function currentScope(): Timeout | undefined {
  return liveScope(abandon)?.handle as Timeout | undefined;
}

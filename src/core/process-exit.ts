import { cancelFrame, nativeDepth } from '../strategy/native-strategy.js';
import { now } from '../clock.js';
import type { Scope } from './scope.js';

/** What Node sets in `process.exit()` before it calls the `'exit'` handlers; a second call then skips them. */
interface ExitingProcess {
  _exiting?: boolean;
}

let exitBeganAt = Infinity;

// Before the handlers of others: what they do is no longer the work of the scopes that the exit was called in.
process.prependListener('exit', () => {
  exitBeganAt = now();
  for (let depth = nativeDepth(); depth > 0; depth--) cancelFrame(depth);
});

/**
 * Goes on with a `process.exit()` (or its like) that was cut off, inside the work, by the stop of `scope`: an exit that
 * was begun is never swallowed. Does not return then.
 */
export function resumeExit(scope: Scope): void {
  const owner = process as typeof process & ExitingProcess;
  // A scope that was started by an `'exit'` handler is stopped like any other.
  if (owner._exiting !== true || scope.startedAt > exitBeganAt) return;
  // Cut off before the first handler: they are all still to be called.
  if (exitBeganAt === Infinity) owner._exiting = false;
  process.exit();
}

import { fileURLToPath } from 'node:url';
import { isMainThread, workerData } from 'node:worker_threads';
import { hasEntryStarted } from '../entry/loading-module.js';
import { StrategyUnavailableError } from '../errors/strategy-unavailable-error.js';
import { entryUrl } from './entry-url.js';
import type { StrategyName } from './strategy.js';

/**
 * Refuses to start a thread or process from a module that is preloaded into the threads and processes of ours (`--import`,
 * `--require`) while it is being loaded there: each would start the next one.
 */
export function refuseEndlessStart(strategy: StrategyName): void {
  if (hasEntryStarted() || !isOurs()) return;
  throw new StrategyUnavailableError(
    strategy,
    'A module that is preloaded everywhere (--import, --require) started a task while it was loaded into a thread or process of hardstop itself, which would go on for ever',
  );
}

/** Whether this thread was started to run a program of ours. */
function isOurs(): boolean {
  const start = workerData as { readonly hardstop?: unknown } | null;
  if (!isMainThread) return start?.hardstop !== undefined;
  return process.argv[1] === fileURLToPath(entryUrl('process'));
}

import { InvalidStateError } from '../errors/invalid-state-error.js';
import {
  abandonWorker,
  prepareWorker,
  workerStrategy,
  type WorkerWork,
} from '../strategy/worker/worker-strategy.js';
import { deadlineAround } from './async-step.js';
import { execute } from './execution.js';
import type { CallSite, Scope } from './scope.js';

/**
 * Runs a task in a worker under a scope, while this thread blocks. The start of a worker does not count against the
 * scope's timeout, but against its deadline and the scopes around it.
 */
export function executeTask(scope: Scope, work: WorkerWork, callSite: CallSite): unknown {
  if (scope.running) throw new InvalidStateError('The scope is running already');
  const { deadline, signal } = scope.settings;
  if (scope.timeout > 0 && signal?.aborted !== true) {
    prepareWorker(work, Math.min(deadlineAround(), deadline ?? Infinity));
  }
  scope.addCleanup(() => {
    abandonWorker(work);
  });
  return execute(scope, workerStrategy, work, undefined, callSite);
}

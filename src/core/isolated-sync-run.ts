import type { ResourceLimits } from 'node:worker_threads';
import { InvalidStateError } from '../errors/invalid-state-error.js';
import type { TaskCall } from '../strategy/isolation/host.js';
import {
  abandonProcess,
  prepareProcess,
  processStrategy,
  type ProcessWork,
} from '../strategy/process/process-strategy.js';
import { deadlineAround } from './async-step.js';
import { execute } from './execution.js';
import type { CallRequest } from './pool/pool-call.js';
import type { CallSite, Scope } from './scope.js';
import { executeTask } from './task-run.js';

/** A call that asks for nothing but the task. */
export function plainRequest(task: TaskCall['task'], args: TaskCall['args'] = []): CallRequest {
  return {
    task,
    args,
    transfer: undefined,
    queueTimeout: Infinity,
    startupCounts: false,
    onMessage: undefined,
  };
}

/** Runs a task in a worker or a process under a scope, while this thread blocks. */
export function executeIsolatedSync(
  strategy: 'worker' | 'process',
  scope: Scope,
  request: CallRequest,
  resourceLimits: ResourceLimits | undefined,
  callSite: CallSite,
): unknown {
  if (strategy === 'process') return executeInProcess(scope, request, resourceLimits, callSite);
  const { task, args, transfer } = request;
  const { name } = scope.settings;
  const onMessage = heedingSignal(scope, request);
  const work = { task, args, transfer, resourceLimits, name, onMessage };
  return executeTask(scope, work, callSite);
}

/**
 * The start of a process does not count against the scope's timeout unless that is asked for, but against its deadline and
 * the scopes around it.
 */
function executeInProcess(
  scope: Scope,
  request: CallRequest,
  resourceLimits: ResourceLimits | undefined,
  callSite: CallSite,
): unknown {
  if (scope.running) throw new InvalidStateError('The scope is running already');
  const { task, args, startupCounts } = request;
  const { deadline, signal, name, hasGrace } = scope.settings;
  const onMessage = heedingSignal(scope, request);
  const options = { resourceLimits, initializer: undefined };
  const work: ProcessWork = { task, args, options, hasGrace, name, onMessage };
  if (!startupCounts && scope.timeout > 0 && signal?.aborted !== true) {
    prepareProcess(work, Math.min(deadlineAround(), deadline ?? Infinity));
  }
  scope.addCleanup(() => {
    abandonProcess(work);
  });
  return execute(scope, processStrategy, work, undefined, callSite);
}

/** What is called back with may abort the call's own signal: nothing else can, while this thread blocks. */
function heedingSignal(
  { settings: { signal } }: Scope,
  { onMessage }: CallRequest,
): CallRequest['onMessage'] {
  if (onMessage === undefined || signal === undefined) return onMessage;
  return (message) => {
    onMessage(message);
    if (signal.aborted) throw signal.reason;
  };
}

import type { ResourceLimits, Transferable } from 'node:worker_threads';
import { isLoadingTaskModule } from '../entry/loading-module.js';
import type { TransferableTask } from '../entry/worker-messages.js';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { StrategyUnavailableError } from '../errors/strategy-unavailable-error.js';
import { fromTransferable } from '../errors/transfer.js';
import { now } from '../clock.js';
import { functionSource } from './function-source.js';
import { STOPPED, type Stage, type Stop, type Stopped, type Strategy } from './strategy.js';
import { isTaskReference } from './task-reference.js';
import { WarmSpare } from './warm-spare.js';
import type { WorkerThread } from './worker-thread.js';

/** One call of a task in a worker. Made for one run. */
export interface WorkerWork {
  readonly task: TransferableTask;
  readonly args: readonly unknown[];
  readonly transfer: readonly Transferable[] | undefined;
  readonly resourceLimits: ResourceLimits | undefined;
}

/** How long to wait for the end of a thread that was told to end, ms. Most end within one; a thread that is inside a
 * built-in or a system call does not, and the caller must not wait for it. */
const END_LIMIT_MS = 50;

/** A worker that is not ready by then will never be, ms. */
const START_LIMIT_MS = 30_000;

const spare = new WarmSpare();

/** Workers that are at work for this thread. Entries of runs that were unwound from outside stay: `abandonWorker`. */
const running = new Map<WorkerWork, WorkerThread>();

let stop: Stop | undefined;

/**
 * Describes one call of a task.
 *
 * @throws NotTransferableError when the task is a function that cannot be sent; InvalidOptionError when it is neither a
 *   function nor a reference
 */
export function makeWorkerWork(
  task: unknown,
  options: Partial<Omit<WorkerWork, 'task'>> = {},
): WorkerWork {
  const { args = [], transfer, resourceLimits } = options;
  return { task: transferableTask(task), args, transfer, resourceLimits };
}

/**
 * Blocks until a worker is ready for `work`, at most until `until` (`performance.now()` scale), so that a start-up need not
 * be paid for out of the task's own time.
 *
 * @throws StrategyUnavailableError when no thread can be started here; WorkerExitError when it ended at once
 */
export function prepareWorker({ resourceLimits }: WorkerWork, until: number): void {
  // It stays the spare while we wait: this wait, too, may be unwound from outside.
  const thread = spare.prepare(resourceLimits);
  if (thread.isReady) return;
  const limit = now() + START_LIMIT_MS;
  const result = thread.waitForAnswer(Math.min(until, limit));
  if (result === 'answered') return;
  if (result === 'ended') {
    spare.discard();
    throw thread.exitError();
  }
  if (limit < until) {
    spare.discard();
    throw new StrategyUnavailableError(
      'worker',
      `A worker thread was not ready after ${String(START_LIMIT_MS)} ms`,
    );
  }
}

/**
 * Ends the worker of a run that was unwound from outside, by the hard stop of a scope around it: no line of `run` behind
 * its wait has run then. Does nothing for a run that came to its end.
 */
export function abandonWorker(work: WorkerWork): void {
  const thread = running.get(work);
  if (thread === undefined) return;
  running.delete(work);
  thread.terminate();
  spare.replaceSoon(work.resourceLimits);
}

/**
 * Runs a task in a worker thread while this thread blocks, and stops it by ending that thread.
 *
 * What it cannot stop on time: built-ins and system calls that never look up (see the table of limits). Such a thread ends
 * when the call returns; the stop then says `stopped: false`.
 */
export const workerStrategy: Strategy<WorkerWork, unknown> = {
  name: 'worker',

  run(work, _argument, deadline, hardDeadline, enclosingDeadline, cpuTimeout): unknown {
    if (cpuTimeout !== Infinity) {
      throw new StrategyUnavailableError(
        'worker',
        'A limit on CPU time cannot be kept in a worker thread',
      );
    }
    const { task, args, transfer, resourceLimits } = work;
    if (task.kind === 'module' && isLoadingTaskModule(task.url)) {
      throw new NotTransferableError(
        `The module ${task.url} runs a task of its own while it is being loaded for that very task, which would go on for ever: ` +
          'move the call into a function, or make it only `if (isMainThread)`',
      );
    }
    if (!(now() < deadline)) return stopped('refused', true);

    const thread = spare.acquire(resourceLimits);
    running.set(work, thread);
    try {
      thread.request(task, args, transfer);
    } catch (error) {
      running.delete(work);
      spare.release(thread, resourceLimits);
      throw error;
    }
    const result = thread.waitForAnswer(Math.min(hardDeadline, enclosingDeadline));
    if (result === 'expired') {
      thread.terminate();
      const hasEnded = thread.waitForEnd(END_LIMIT_MS);
      running.delete(work);
      spare.replaceSoon(resourceLimits);
      return hasEnded ? stopped('terminate', true) : stopped('abandoned', false);
    }
    running.delete(work);
    if (result === 'ended') {
      spare.replaceSoon(resourceLimits);
      throw thread.exitError();
    }
    return takeResult(thread, resourceLimits, deadline);
  },

  lastStop() {
    if (stop === undefined) throw new Error('No run was stopped');
    return stop;
  },
};

function takeResult(
  thread: WorkerThread,
  resourceLimits: ResourceLimits | undefined,
  deadline: number,
): unknown {
  const endedAt = thread.answeredAt;
  let isReusable = false;
  try {
    const answer = thread.takeAnswer();
    isReusable = answer.reusable;
    if (answer.kind === 'threw') throw fromTransferable(answer.error);
    return endedAt < deadline ? answer.value : stopped('late', true, endedAt);
  } finally {
    if (isReusable) {
      spare.release(thread, resourceLimits);
    } else {
      // Something of the task is left running there: it ends with its thread, and never meets another task.
      thread.terminate();
      spare.replaceSoon(resourceLimits);
    }
  }
}

function stopped(stage: Stage, isStopped: boolean, endedAt: number = now()): Stopped {
  stop = {
    reason: 'timeout',
    stage,
    stopped: isStopped,
    endedAt,
    // The engine takes a thread's stack with it.
    stuck: undefined,
    raised: undefined,
  };
  return STOPPED;
}

function transferableTask(task: unknown): TransferableTask {
  if (typeof task === 'function') return functionSource(task as (...args: never[]) => unknown);
  if (isTaskReference(task)) {
    return { kind: 'module', url: task.url, exportName: task.exportName };
  }
  throw invalidOptionType('task', 'a self-contained function or a reference made by task()', task);
}

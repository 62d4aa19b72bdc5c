import type { ResourceLimits, Transferable } from 'node:worker_threads';
import { now } from '../../clock.js';
import type { TaskReply } from '../../entry/task-request.js';
import { sharedNow } from '../../entry/worker-cells.js';
import type { TransferableTask, WorkerReport } from '../../entry/worker-messages.js';
import { StrategyUnavailableError } from '../../errors/strategy-unavailable-error.js';
import { refuseWhileLoading, transferableTask } from '../isolation/transferable-task.js';
import { MessageDelivery } from '../isolation/message-delivery.js';
import { outcomeOf } from '../isolation/reply-outcome.js';
import type { CallOutcome } from '../isolation/host.js';
import { nativeRefusal } from '../native-strategy.js';
import { STOPPED, type Stop, type Stopped, type Strategy } from '../strategy.js';
import { ANSWER_LIMIT_MS, answerAllowance, END_LIMIT_MS } from './allowances.js';
import { raiseInTask } from './raise-in-task.js';
import { WarmSpare } from './warm-spare.js';
import type { WaitResult, WorkerThread } from './worker-thread.js';

/** One call of a task in a worker. Made for one run. */
export interface WorkerWork {
  readonly task: TransferableTask;
  readonly args: readonly unknown[];
  readonly transfer: readonly Transferable[] | undefined;
  readonly resourceLimits: ResourceLimits | undefined;
  /** The label of the scope inside. */
  readonly name: string | undefined;
  /** Called in the caller's thread with each message that the task sends while it runs. */
  readonly onMessage: ((message: unknown) => void) | undefined;
}

/** A worker that is not ready by then will never be, ms. */
const START_LIMIT_MS = 30_000;

/** What the worker of a run that was unwound from outside has for its answer, ms: its own limit has struck as well. */
const LEFTOVER_LIMIT_MS = 2;

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
  const { args = [], transfer, resourceLimits, name, onMessage } = options;
  return { task: transferableTask(task), args, transfer, resourceLimits, name, onMessage };
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
 * Takes leave of the worker of a run that was unwound from outside, by the hard stop of a scope around it: no line of
 * `run` behind its wait has run then. Does nothing for a run that came to its end.
 */
export function abandonWorker(work: WorkerWork): void {
  const thread = running.get(work);
  if (thread === undefined) return;
  running.delete(work);
  // It had the same limit, and was interrupted by it at the same time.
  if (thread.waitForAnswer(now() + LEFTOVER_LIMIT_MS) === 'answered') {
    giveBack(thread, work, thread.answers.take(thread.requests.lastId));
  } else {
    thread.terminate();
    spare.replaceSoon(work.resourceLimits);
  }
}

/**
 * Runs a task in a worker thread while this thread blocks. At the deadline it is interrupted inside the worker, which
 * lives on; a worker that does not answer then is ended.
 *
 * What it cannot stop on time: built-ins and system calls that never look up (see the table of limits). Such a thread ends
 * when the call returns; the stop then says `stopped: false`.
 */
export const workerStrategy: Strategy<WorkerWork, unknown> = {
  name: 'worker',

  run(work, _argument, deadline, hardDeadline, enclosingDeadline, cpuTimeout): unknown {
    if (cpuTimeout !== Infinity && nativeRefusal !== undefined) {
      throw new StrategyUnavailableError(
        'worker',
        `A limit on CPU time needs the native strategy inside the worker, which is not there: ${nativeRefusal.message}`,
        { cause: nativeRefusal },
      );
    }
    refuseWhileLoading(work.task);
    if (!(now() < deadline)) return stopped({ stage: 'refused', stopped: true });

    const thread = spare.acquire(work.resourceLimits);
    running.set(work, thread);
    try {
      thread.requests.request({
        ...work,
        // Inside, the task is to see what it really has.
        deadline: Math.min(deadline, enclosingDeadline),
        hardDeadline: Math.min(hardDeadline, enclosingDeadline),
        cpuTimeout,
      });
    } catch (error) {
      running.delete(work);
      spare.release(thread, work.resourceLimits);
      throw error;
    }
    const until = Math.min(hardDeadline, enclosingDeadline);
    const messages = deliveryOf(work, until);
    let result: WaitResult;
    try {
      result = thread.waitForAnswer(
        until + answerAllowance,
        messages &&
          ((report) => {
            passOn(report, thread, messages);
          }),
      );
    } catch (error) {
      // Of `onMessage`, as a rule: the task is not to outlive the call.
      endEarly(thread, work);
      throw error;
    }
    if (result === 'expired' && thread.answers.isReplying(thread.requests.lastId)) {
      result = thread.waitForAnswer(now() + ANSWER_LIMIT_MS);
    }
    if (result === 'expired') {
      const hasEnded = end(thread, work);
      return stopped({ stage: hasEnded ? 'terminate' : 'abandoned', stopped: hasEnded });
    }
    running.delete(work);
    if (result === 'ended') {
      spare.replaceSoon(work.resourceLimits);
      throw thread.exitError();
    }
    return takeResult(thread, work, messages, deadline);
  },

  lastStop() {
    if (stop === undefined) throw new Error('No run was stopped');
    return stop;
  },
};

function deliveryOf({ onMessage }: WorkerWork, until: number): MessageDelivery | undefined {
  return onMessage === undefined ? undefined : new MessageDelivery(onMessage, until);
}

function takeResult(
  thread: WorkerThread,
  work: WorkerWork,
  messages: MessageDelivery | undefined,
  deadline: number,
): unknown {
  let reply: TaskReply;
  try {
    reply = thread.answers.take(thread.requests.lastId, (report) => {
      passOn(report, thread, messages);
    });
  } catch (error) {
    thread.terminate();
    spare.replaceSoon(work.resourceLimits);
    throw error;
  }
  const outcome = outcomeOf(reply);
  if (outcome.kind === 'stopped') return takeStop(thread, work, reply, outcome, deadline);
  giveBack(thread, work, reply);
  messages?.deliverRest();
  if (outcome.kind === 'threw') throw outcome.error;
  if (outcome.kind === 'died') throw outcome.error;
  const { value, endedAt } = outcome;
  return endedAt < deadline ? value : stopped({ stage: 'late', stopped: true, endedAt });
}

function takeStop(
  thread: WorkerThread,
  work: WorkerWork,
  reply: TaskReply,
  outcome: CallOutcome & { readonly kind: 'stopped' },
  deadline: number,
): Stopped {
  const { reason, stage, stuck, raised } = outcome;
  const details = {
    reason: reason === 'raised' ? ('raised' as const) : ('timeout' as const),
    stuck,
    raised,
  };
  if (outcome.stopped) {
    giveBack(thread, work, reply);
    if (reason === 'deadline' && outcome.endedAt < deadline) awaitStopAround();
    return stopped({ ...details, stage, stopped: true, endedAt: outcome.endedAt });
  }
  // It does not obey: its thread goes with it.
  const hasEnded = end(thread, work);
  return stopped({ ...details, stage: hasEnded ? 'terminate' : 'abandoned', stopped: hasEnded });
}

/**
 * The deadline of a scope around has struck in the worker, and strikes here: that scope owns the stop, and unwinds this
 * wait.
 */
function awaitStopAround(): void {
  Atomics.wait(
    new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    0,
    0,
    END_LIMIT_MS,
  );
}

/** Ends the worker; whether it has really ended. */
function end(thread: WorkerThread, work: WorkerWork): boolean {
  thread.terminate();
  const hasEnded = thread.waitForEnd(END_LIMIT_MS);
  running.delete(work);
  spare.replaceSoon(work.resourceLimits);
  return hasEnded;
}

/** Lets a worker serve others. Where the task has left something running, it ends with its thread. */
function giveBack(thread: WorkerThread, { resourceLimits }: WorkerWork, reply: TaskReply): void {
  if (reply.reusable) {
    spare.release(thread, resourceLimits);
  } else {
    thread.terminate();
    spare.replaceSoon(resourceLimits);
  }
}

/** The caller wants no answer any more. */
function endEarly(thread: WorkerThread, work: WorkerWork): void {
  thread.order({ control: 'stop', id: thread.requests.lastId, hardDeadline: sharedNow() });
  raiseInTask(thread.worker.threadId);
  if (thread.waitForAnswer(now() + answerAllowance) !== 'answered') {
    end(thread, work);
    return;
  }
  running.delete(work);
  const reply = thread.answers.take(thread.requests.lastId);
  if (reply.kind === 'stopped' && !reply.stopped) end(thread, work);
  else giveBack(thread, work, reply);
}

function passOn(
  report: WorkerReport,
  thread: WorkerThread,
  messages: MessageDelivery | undefined,
): void {
  if (report.kind === 'message') messages?.deliver(report.message);
  else if (report.kind === 'dying') thread.keepLastWords(report);
}

function stopped(fields: Partial<Stop> & Pick<Stop, 'stage' | 'stopped'>): Stopped {
  stop = { reason: 'timeout', endedAt: now(), stuck: undefined, raised: undefined, ...fields };
  return STOPPED;
}

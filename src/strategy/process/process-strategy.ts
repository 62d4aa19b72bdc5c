import {
  fromProcessAnswer,
  type ProcessAnswer,
  type ProcessQuestion,
} from '../../entry/process-question.js';
import { toShared } from '../../entry/shared-clock.js';
import type { TransferableTask } from '../../entry/worker-messages.js';
import { now } from '../../clock.js';
import { StrategyUnavailableError } from '../../errors/strategy-unavailable-error.js';
import type { CallOutcome, HostOptions } from '../isolation/host.js';
import { MessageDelivery } from '../isolation/message-delivery.js';
import { refuseWhileLoading } from '../isolation/transferable-task.js';
import { STOPPED, type Stage, type Stop, type Stopped, type Strategy } from '../strategy.js';
import { startBridgeCall, type BridgeCall } from '../sync-bridge/bridge-call.js';
import { uninterrupted } from '../uninterrupted.js';
import { interruptInstant } from './interrupt-instant.js';

/** One call of a task in a process, by a caller that blocks. Made for one run. */
export interface ProcessWork {
  readonly task: TransferableTask;
  readonly args: readonly unknown[];
  readonly options: HostOptions;
  /** Whether a grace was asked for, rather than taken from the default. */
  readonly hasGrace: boolean;
  readonly name: string | undefined;
  /** Called in the caller's thread with each message that the task sends while it runs. */
  readonly onMessage: ((message: unknown) => void) | undefined;
}

/** A process that is not ready by then will never be, ms. */
const START_LIMIT_MS = 60_000;
/** How long after the hard deadline the outcome may come, ms: the process must have been reaped. */
const ANSWER_LIMIT_MS = 10_000;
/** How long the end of a process is waited for whose caller was unwound from outside, ms. */
const ABANDON_LIMIT_MS = 1000;

/** Calls that this thread waits for. Entries of runs that were unwound from outside stay: `abandonProcess`. */
const running = new Map<ProcessWork, BridgeCall>();

/** The start of a process that this thread waits for. */
let preparing: BridgeCall | undefined;

let stop: Stop | undefined;

/**
 * Blocks until a process is ready for `work`, at most until `until` (`performance.now()` scale), so that a start-up need
 * not be paid for out of the task's own time.
 *
 * @throws StrategyUnavailableError when no process can be started here; ProcessExitError when it ended at once; what its
 *   initialiser throws
 */
export function prepareProcess(work: ProcessWork, until: number): void {
  refuseWhileLoading(work.task);
  const question: ProcessQuestion = { kind: 'prepare', options: work.options };
  const limit = now() + START_LIMIT_MS;
  // One that is still there was unwound from outside: nothing else can be called while it waits.
  preparing?.abandon();
  const call = startBridgeCall('process', question, (begun) => {
    preparing = begun;
  });
  try {
    if (call.wait(Math.min(until, limit)) === 'answered') {
      call.take();
    } else if (limit < until) {
      throw new StrategyUnavailableError(
        'process',
        `A process was not ready after ${String(START_LIMIT_MS)} ms`,
      );
    }
  } finally {
    call.abandon();
    preparing = undefined;
  }
}

/**
 * Ends the process of a run that was unwound from outside, by the hard stop of a scope around it: no line of `run` behind
 * its wait has run then. Does nothing for a run that came to its end.
 */
export function abandonProcess(work: ProcessWork): void {
  const call = running.get(work);
  if (call === undefined) return;
  uninterrupted(() => {
    running.delete(work);
    call.stop(now());
    call.wait(now() + ABANDON_LIMIT_MS);
    call.abandon();
  });
}

/**
 * Runs a task in a child process while this thread blocks, and stops it by ending that process: on time, whatever it is
 * in. The process is started, fed and reaped by the bridge.
 */
export const processStrategy: Strategy<ProcessWork, unknown> = {
  name: 'process',

  run(work, _argument, deadline, hardDeadline, enclosingDeadline, cpuTimeout): unknown {
    refuseWhileLoading(work.task);
    if (!(now() < deadline)) return refused();
    const { task, args, options, name, onMessage } = work;
    const hard = Math.min(hardDeadline, enclosingDeadline);
    const soft = Math.min(deadline, hard);
    const interruptAt = interruptInstant(soft, hard, work.hasGrace);
    const question: ProcessQuestion = {
      kind: 'run',
      options,
      task,
      args,
      deadline: toShared(soft),
      hardDeadline: toShared(hard),
      interruptAt: interruptAt === undefined ? undefined : toShared(interruptAt),
      cpuTimeout,
      name,
      hasListener: onMessage !== undefined,
    };
    const call = startBridgeCall('process', question, (begun) => {
      running.set(work, begun);
    });
    const messages = onMessage === undefined ? undefined : new MessageDelivery(onMessage, hard);
    const onEvent =
      messages &&
      ((message: unknown) => {
        messages.deliver(message);
      });
    let outcome: CallOutcome | undefined;
    try {
      if (call.wait(hard + ANSWER_LIMIT_MS, onEvent) === 'answered') {
        outcome = fromProcessAnswer(call.take() as ProcessAnswer);
      }
    } catch (error) {
      // Of `onMessage`, as a rule: the task is not to outlive the call.
      abandonProcess(work);
      throw error;
    }
    running.delete(work);
    if (outcome !== undefined && outcome.kind !== 'stopped') messages?.deliverRest();
    if (outcome !== undefined) return resultOf(outcome, deadline);
    call.abandon();
    return stopped({ reason: 'deadline', stage: 'abandoned', stopped: false, endedAt: now() });
  },

  lastStop() {
    if (stop === undefined) throw new Error('No run was stopped');
    return stop;
  },
};

function resultOf(outcome: CallOutcome, deadline: number): unknown {
  switch (outcome.kind) {
    case 'returned':
      if (outcome.endedAt < deadline) return outcome.value;
      return stopped({
        reason: 'deadline',
        stage: 'late',
        stopped: true,
        endedAt: outcome.endedAt,
      });
    case 'threw':
    case 'died':
      throw outcome.error;
    case 'stopped':
      return stopped(outcome);
  }
}

function refused(): Stopped {
  return stopped({ reason: 'deadline', stage: 'refused', stopped: true, endedAt: now() });
}

function stopped(how: {
  readonly reason: 'deadline' | 'cpu' | 'asked' | 'raised';
  readonly stage: Stage;
  readonly stopped: boolean;
  readonly endedAt: number;
  readonly stuck?: Error | undefined;
  readonly raised?: unknown;
}): Stopped {
  stop = {
    reason: how.reason === 'raised' ? 'raised' : 'timeout',
    stage: how.stage,
    stopped: how.stopped,
    endedAt: how.endedAt,
    stuck: how.stuck,
    raised: how.raised,
  };
  return STOPPED;
}

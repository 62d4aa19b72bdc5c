// The service of the bridge that runs tasks in processes.

import { clearTimeout, setTimeout } from 'node:timers';
import { now } from '../clock.js';
import { ProcessExitError } from '../errors/process-exit-error.js';
import type { CallOutcome, Host } from '../strategy/isolation/host.js';
import { SpareProcesses } from '../strategy/process/spare-processes.js';
import type { ServedCall } from './bridge-service.js';
import { toProcessAnswer, type ProcessAnswer, type ProcessQuestion } from './process-question.js';
import { fromShared } from './shared-clock.js';

const LONGEST_DELAY = 2 ** 31 - 1;

const spares = new SpareProcesses();

/** Serves a question of `processStrategy`. */
export async function serveProcess(
  request: unknown,
  served: ServedCall,
): Promise<ProcessAnswer | undefined> {
  const question = request as ProcessQuestion;
  if (question.kind === 'prepare') {
    await spares.prepare(question.options);
    return undefined;
  }
  return toProcessAnswer(await run(question, served));
}

async function run(
  question: ProcessQuestion & { readonly kind: 'run' },
  served: ServedCall,
): Promise<CallOutcome> {
  const { options, task, args, cpuTimeout, name, hasListener } = question;
  const deadline = fromShared(question.deadline);
  const hardDeadline = fromShared(question.hardDeadline);
  const host = spares.acquire(options);
  if (!host.isFree) {
    const refused = await awaitReady(host, deadline, served);
    if (refused !== undefined) {
      spares.release(host, options);
      return refused;
    }
  }
  let tell: NodeJS.Timeout | undefined;
  try {
    const call = host.run({
      task,
      args,
      transfer: undefined,
      deadline,
      hardDeadline,
      interruptAt:
        question.interruptAt === undefined ? undefined : fromShared(question.interruptAt),
      cpuTimeout,
      name,
      onMessage: hasListener
        ? (message) => {
            served.emit(message);
          }
        : undefined,
    });
    served.onStop((hardStop) => {
      call.stop(hardStop);
    });
    // The caller's own clock would do this if its loop turned: what does not hear of it is not waited for.
    tell = atInstant(deadline, () => {
      call.stop(hardDeadline);
    });
    return await call.outcome;
  } finally {
    clearTimeout(tell);
    spares.release(host, options);
  }
}

/** Waits for a process that is starting; an outcome, if the call is over before it has begun. */
async function awaitReady(
  host: Host,
  deadline: number,
  served: ServedCall,
): Promise<CallOutcome | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const refused = new Promise<CallOutcome>((resolve) => {
    served.onStop(() => {
      resolve(refusal('asked'));
    });
    timer = atInstant(deadline, () => {
      resolve(refusal('deadline'));
    });
  });
  try {
    return await Promise.race([host.ready.then(() => undefined), refused]);
  } catch (error) {
    if (error instanceof ProcessExitError) return { kind: 'died', error, endedAt: now() };
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function atInstant(instant: number, callback: () => void): NodeJS.Timeout | undefined {
  const delay = Math.max(0, Math.ceil(instant - now()));
  // What is further away than a timer reaches is kept by others.
  return delay > LONGEST_DELAY ? undefined : setTimeout(callback, delay);
}

function refusal(reason: 'asked' | 'deadline'): CallOutcome {
  return {
    kind: 'stopped',
    reason,
    stage: 'refused',
    stopped: true,
    stuck: undefined,
    raised: undefined,
    endedAt: now(),
  };
}

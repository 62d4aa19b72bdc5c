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
    return await call.outcome;
  } finally {
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
    if (deadline === Infinity) return;
    timer = setTimeout(
      () => {
        resolve(refusal('deadline'));
      },
      Math.min(Math.max(0, Math.ceil(deadline - now())), LONGEST_DELAY),
    );
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

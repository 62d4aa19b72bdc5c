// The program of a worker thread: runs one task at a time for the thread that started it.

import { setImmediate } from 'node:timers';
import { workerData } from 'node:worker_threads';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { toTransferable } from '../errors/transfer.js';
import { explainMissingVariable, loadTask, readyTask } from './load-task.js';
import { markEntryStarted } from './loading-module.js';
import { READY_ID, WorkerCells } from './worker-cells.js';
import type {
  ModuleTask,
  WorkerAnswer,
  WorkerDeath,
  WorkerRequest,
  WorkerStart,
} from './worker-messages.js';
import { writeOutputDirectly } from './worker-output.js';

const { port, cells: buffer } = (workerData as WorkerStart).hardstop;
const cells = new WorkerCells(buffer);
/** How many things keep this thread's loop alive while it waits for work. */
let idleResources = Infinity;

markEntryStarted();
writeOutputDirectly();
silenceLoaderWarning();
reportDeath();
// In a turn of the loop of its own: what counts as idle must not include the loading of this program. Requests that
// were posted meanwhile wait in the port, so that this answer is the first one.
setImmediate(() => {
  port.on('message', (request: WorkerRequest | null) => {
    // The caller's question whether this end of the channel is there needs no answer.
    if (request !== null) void serve(request);
  });
  port.on('messageerror', refuse);
  idleResources = process.getActiveResourcesInfo().length;
  cells.answer(READY_ID);
});

async function serve({ id, task, args }: WorkerRequest): Promise<void> {
  let reply: WorkerAnswer;
  try {
    const work = readyTask(task) ?? (await loadTask(task as ModuleTask));
    const result = Reflect.apply(work, undefined, args);
    const value = isThenable(result) ? await result : result;
    reply = { kind: 'returned', id, value, reusable: false };
  } catch (error) {
    const explained = explainMissingVariable(task, error);
    reply = { kind: 'threw', id, error: toTransferable(explained), reusable: false };
  }
  // One turn later: microtasks and ticks that the task has queued belong to it, and so does an unhandled rejection,
  // which would otherwise hit whichever task came next.
  setImmediate(() => {
    answer({ ...reply, reusable: process.getActiveResourcesInfo().length <= idleResources });
  });
}

/** Answers a request that cannot be read here. Its id went with it, but it follows the last one that was answered. */
function refuse(cause: unknown): void {
  const error = new NotTransferableError('The arguments of the task cannot be read in the worker', {
    cause,
  });
  const id = cells.answered + 1;
  answer({ kind: 'threw', id, error: toTransferable(error), reusable: true });
}

function answer(reply: WorkerAnswer): void {
  try {
    port.postMessage(reply);
  } catch (cause) {
    const error = new NotTransferableError(
      `The result of the task cannot be sent to the caller: ${(cause as Error).message}`,
      { cause },
    );
    const { id, reusable } = reply;
    port.postMessage({
      kind: 'threw',
      id,
      reusable,
      error: toTransferable(error),
    } satisfies WorkerAnswer);
  }
  cells.answer(reply.id);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  );
}

/** Leaves word for the caller when the thread ends by itself: the events of its `Worker` object come too late for it. */
function reportDeath(): void {
  process.on('uncaughtExceptionMonitor', (error) => {
    port.postMessage({ kind: 'dying', error: toTransferable(error) } satisfies WorkerDeath);
  });
  process.on('exit', (code) => {
    cells.exit(code);
  });
}

/** `import()` in a task that came as source needs a loader constant that Node still calls experimental. */
function silenceLoaderWarning(): void {
  const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = (...args: unknown[]): void => {
    if (!String(args[0]).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER')) emitWarning(...args);
  };
}

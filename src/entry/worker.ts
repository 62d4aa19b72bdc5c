// The program of a worker thread: runs one task at a time for the thread that started it.

import { setImmediate } from 'node:timers';
import { workerData } from 'node:worker_threads';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { toTransferable } from '../errors/transfer.js';
import { markIdle } from './idle-resources.js';
import { initialize } from './initialize.js';
import { markEntryStarted } from './loading-module.js';
import { MovedLimits } from './moved-limits.js';
import { followTaskDeadlines, serveTask, stopTask, unsendable } from './serve-task.js';
import type { TaskReply, TaskRequest } from './task-request.js';
import { silenceLoaderWarning } from './silence-loader-warning.js';
import { READY_ID, sharedNow, WorkerCells } from './worker-cells.js';
import type { TaskControl, WorkerOrder, WorkerReport, WorkerStart } from './worker-messages.js';
import { writeOutputDirectly } from './worker-output.js';

const { port, cells: buffer, moved, initializer } = (workerData as WorkerStart).hardstop;
const cells = new WorkerCells(buffer);
const movedLimits = new MovedLimits(moved);
// As it is before any task: its order to end is an owner's, not a task's.
const exit = process.exit.bind(process);

markEntryStarted();
writeOutputDirectly();
silenceLoaderWarning();
reportDeath();
if (initializer === undefined) beReady();
// What it throws is not caught by anybody, and so is reported as the cause of the thread's end.
else void initialize(initializer).then(beReady);

function beReady(): void {
  // In a turn of the loop of its own: what counts as idle must not include the loading of this program. Requests that
  // were posted meanwhile wait in the port, so that this report is the first one.
  setImmediate(() => {
    port.on('message', receive);
    port.on('messageerror', refuse);
    markIdle();
    report({ kind: 'ready' });
    cells.answer(READY_ID);
  });
}

function receive(order: WorkerOrder): void {
  if (order === null) return;
  if ('control' in order) control(order);
  else void serve(order);
}

async function serve(request: TaskRequest): Promise<void> {
  const { id } = request;
  const reply = await serveTask(
    request,
    (message, transfer) => {
      port.postMessage({ kind: 'message', id, message } satisfies WorkerReport, transfer);
      cells.post();
    },
    {
      onEnd: () => {
        cells.beginReply(id);
      },
      onReplyMade: () => {
        cells.endReply();
      },
    },
    movedLimits,
  );
  answer(reply);
}

function control(order: TaskControl | { readonly control: 'close' }): void {
  switch (order.control) {
    case 'stop':
      stopTask(order.id, order.hardDeadline);
      break;
    case 'move':
      followTaskDeadlines(order.id);
      break;
    case 'close':
      exit(0);
  }
}

/** Answers a request that cannot be read here. Its id went with it, but it follows the last one that was answered. */
function refuse(cause: unknown): void {
  const error = new NotTransferableError('The arguments of the task cannot be read in the worker', {
    cause,
  });
  const id = cells.answered + 1;
  answer({
    kind: 'threw',
    id,
    error: toTransferable(error),
    endedAt: sharedNow(),
    reusable: true,
  });
}

function answer(reply: TaskReply): void {
  try {
    report(reply);
  } catch (cause) {
    report(unsendable(reply, cause));
  }
  cells.answer(reply.id);
}

function report(message: WorkerReport): void {
  port.postMessage(message);
}

/** Leaves word for the caller when the thread ends by itself: the events of its `Worker` object come too late for it. */
function reportDeath(): void {
  process.on('uncaughtExceptionMonitor', (error) => {
    report({ kind: 'dying', error: toTransferable(error) });
  });
  process.on('exit', (code) => {
    cells.exit(code);
  });
}

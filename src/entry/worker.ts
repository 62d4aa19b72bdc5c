// The program of a worker thread: runs one task at a time for the thread that started it.

import { setImmediate } from 'node:timers';
import { workerData } from 'node:worker_threads';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { toTransferable } from '../errors/transfer.js';
import { CallOffers } from './call-offers.js';
import { markIdle } from './idle-resources.js';
import { initialize } from './initialize.js';
import { markEntryStarted } from './loading-module.js';
import { MovedLimits } from './moved-limits.js';
import { serveTask } from './serve-task.js';
import { followTaskDeadlines, stopTask } from './task-orders.js';
import { unsendable } from './task-outcome.js';
import type { TaskReply, TaskRequest } from './task-request.js';
import { silenceLoaderWarning } from './silence-loader-warning.js';
import { LAST_ID, READY_ID, sharedNow, WorkerCells } from './worker-cells.js';
import type { TaskControl, WorkerOrder, WorkerReport, WorkerStart } from './worker-messages.js';
import { writeOutputDirectly } from './worker-output.js';

/** A request that could not be read here. */
interface UnreadableRequest {
  readonly id: number;
  readonly unreadable: unknown;
}

const start = (workerData as WorkerStart).hardstop;
const { port, initializer } = start;
const cells = new WorkerCells(start.cells);
const movedLimits = new MovedLimits(start.moved);
const offers = new CallOffers(start.offers);
// As it is before any task: its order to end is an owner's, not a task's.
const exit = process.exit.bind(process);

/** Id of the request that came last; each has the one that follows. */
let lastId = READY_ID;
/** A request is being served, or the last one has left something running: then no other one is. */
let isTaken = false;
/** What came meanwhile. A newer one replaces it: the owner has taken it back then. */
let next: TaskRequest | UnreadableRequest | undefined;

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
  else take(order);
}

/** A request that cannot be read here. Its id went with it, but it follows the one before. */
function refuse(cause: unknown): void {
  take({ id: lastId + 1, unreadable: cause });
}

function take(request: TaskRequest | UnreadableRequest): void {
  lastId = request.id;
  if (isTaken) next = request;
  else begin(request);
}

function begin(request: TaskRequest | UnreadableRequest): void {
  const instant = offers.begin(request.id);
  if (instant === undefined) return;
  isTaken = true;
  if ('unreadable' in request) finish(refusal(request));
  else void serve(request.isAhead === true ? startedAt(request, instant) : request);
}

function startedAt(request: TaskRequest, instant: number): TaskRequest {
  const { deadline, hardDeadline } = request;
  return { ...request, deadline: instant + deadline, hardDeadline: instant + hardDeadline };
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
  finish(reply);
}

function finish(result: TaskReply): void {
  const reply = result.id < LAST_ID ? result : { ...result, reusable: false };
  answer(reply);
  if (!reply.reusable) return;
  isTaken = false;
  const request = next;
  next = undefined;
  // After the answer: the clock of this one starts now.
  if (request !== undefined) begin(request);
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

function refusal({ id, unreadable: cause }: UnreadableRequest): TaskReply {
  const message = 'The arguments of the task cannot be read in the worker';
  const error = toTransferable(new NotTransferableError(message, { cause }));
  return { kind: 'threw', id, error, endedAt: sharedNow(), reusable: true };
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

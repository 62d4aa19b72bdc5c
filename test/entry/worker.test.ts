import { once } from 'node:events';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { CallOffers } from '#internal/entry/call-offers.js';
import { MovedLimits } from '#internal/entry/moved-limits.js';
import type { TaskReply, TaskRequest } from '#internal/entry/task-request.js';
import { LAST_ID, WorkerCells } from '#internal/entry/worker-cells.js';
import type { WorkerStart } from '#internal/entry/worker-messages.js';
import { entryUrl } from '#internal/strategy/entry-url.js';
import { functionSource } from '#internal/strategy/function-source.js';
import { waitForCondition } from '../harness/wait-for.js';

test('a worker whose ids are used up is not used again', async (t) => {
  const { port, offers, cells } = await startWorker(t);
  t.true((await answerOf(port, offers, LAST_ID - 1)).reusable);
  const answer = answerOf(port, offers, LAST_ID);
  // What was sent behind it goes back.
  offers.offer(LAST_ID + 1);
  port.postMessage(request(LAST_ID + 1));
  t.false((await answer).reusable);
  // The cell follows the message.
  await waitForCondition('the cell is written', () => cells.answered === LAST_ID);
  t.true(offers.takeBack(LAST_ID + 1));
});

test('a request that was on its way to such a worker has an id that fits', async (t) => {
  const { port, offers, cells } = await startWorker(t);
  t.false((await answerOf(port, offers, LAST_ID + 1)).reusable);
  await waitForCondition('the cell is written', () => cells.answered === LAST_ID + 1);
  t.not(offers.begunAt(LAST_ID + 1), undefined);
});

interface StartedWorker {
  readonly port: MessagePort;
  readonly offers: CallOffers;
  readonly cells: WorkerCells;
}

async function startWorker(t: ExecutionContext): Promise<StartedWorker> {
  const cells = new WorkerCells();
  const offers = new CallOffers();
  const { port1, port2 } = new MessageChannel();
  const start: WorkerStart = {
    hardstop: {
      port: port2,
      cells: cells.buffer,
      moved: new MovedLimits().buffer,
      offers: offers.buffer,
      initializer: undefined,
    },
  };
  const worker = new Worker(entryUrl('worker'), { workerData: start, transferList: [port2] });
  t.teardown(() => worker.terminate());
  // That it is ready.
  await once(port1, 'message');
  return { port: port1, offers, cells };
}

/** Sends a request and waits for its answer. */
async function answerOf(port: MessagePort, offers: CallOffers, id: number): Promise<TaskReply> {
  offers.offer(id);
  port.postMessage(request(id));
  const [reply] = (await once(port, 'message')) as [TaskReply];
  return reply;
}

function request(id: number): TaskRequest {
  return {
    id,
    task: functionSource(() => 'done'),
    args: [],
    deadline: Infinity,
    hardDeadline: Infinity,
    interruptAt: undefined,
    cpuTimeout: Infinity,
    name: undefined,
  };
}

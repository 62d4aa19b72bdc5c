// The program of a child process: runs one task at a time for the process that started it.

import { setImmediate } from 'node:timers';
import { toTransferable } from '../errors/transfer.js';
import { markIdle } from './idle-resources.js';
import { initialize } from './initialize.js';
import { markEntryStarted } from './loading-module.js';
import { takeChannel } from './process-channel.js';
import type { ProcessOrder } from './process-messages.js';
import { serveTask } from './serve-task.js';
import { moveTaskDeadlines, stopTask } from './task-orders.js';
import { unsendable } from './task-outcome.js';
import { fromShared } from './shared-clock.js';
import { silenceLoaderWarning } from './silence-loader-warning.js';
import { SoftSignal } from './soft-signal.js';
import type { TaskReply, TaskRequest } from './task-request.js';
import type { Initializer } from './worker-messages.js';

const channel = takeChannel();
let softSignal: SoftSignal | undefined;

markEntryStarted();
silenceLoaderWarning();
process.on('uncaughtExceptionMonitor', (error) => {
  channel.send({ kind: 'dying', error: toTransferable(error) });
});
channel.onClosed(() => {
  // Nobody is there to answer to. What is stuck in a call of the engine's never gets here: see the orphan guard.
  process.exit();
});
channel.onOrder((order) => {
  obey(order);
});

function obey(order: ProcessOrder): void {
  switch (order.kind) {
    case 'start':
      void start(order.initializer);
      return;
    case 'run':
      void run(order.request);
      return;
    case 'stop':
      channel.send({ kind: 'told', id: order.id });
      stopTask(order.id, order.hardDeadline);
      softSignal?.raise();
      return;
    case 'move':
      moveTaskDeadlines(order.id, order.deadline, order.hardDeadline, order.interruptAt);
      softSignal?.arm(fromShared(order.deadline));
      return;
  }
}

async function start(initializer: Initializer | undefined): Promise<void> {
  try {
    if (initializer !== undefined) await initialize(initializer);
  } catch (error) {
    channel.send({ kind: 'failed', error: toTransferable(error) });
    return;
  }
  // In a turn of the loop of its own: what counts as idle must not include the loading of this program.
  setImmediate(() => {
    markIdle();
    channel.send({ kind: 'ready' });
  });
}

async function run(request: TaskRequest): Promise<void> {
  const { id, deadline } = request;
  const signal = new SoftSignal();
  softSignal = signal;
  signal.arm(fromShared(deadline));
  const reply = await serveTask(
    request,
    (message) => {
      channel.send({ kind: 'message', id, message });
    },
    {
      onReplyMade: () => {
        signal.disarm();
        softSignal = undefined;
      },
    },
  );
  answer(reply);
}

function answer(reply: TaskReply): void {
  try {
    channel.send({ kind: 'reply', reply });
  } catch (cause) {
    channel.send({ kind: 'reply', reply: unsendable(reply, cause) });
  }
}

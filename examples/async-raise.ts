import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { asyncRaise, runSync } from 'hardstop';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  worker.on('message', (message: string) => {
    if (message !== 'ready') console.log(message);
  });
  await once(worker, 'message');
  // false: the thread lives, but its scope has not begun yet.
  while (!asyncRaise(worker.threadId, new Error('the user has closed the tab'))) await delay(1);
  await once(worker, 'exit');
} else {
  parentPort?.postMessage('ready');
  try {
    runSync(() => {
      for (;;);
    }, Infinity);
  } catch (error) {
    parentPort?.postMessage(`the worker's loop ended: ${(error as Error).message}`);
  }
}

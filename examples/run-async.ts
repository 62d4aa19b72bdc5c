import { setTimeout as delay } from 'node:timers/promises';
import { isTimeoutError, run } from 'hardstop';

function spin(): void {
  for (;;);
}

async function report(name: string, work: Promise<unknown>): Promise<void> {
  try {
    console.log(`${name}:`, await work);
  } catch (error) {
    if (!isTimeoutError(error)) throw error;
    console.log(`${name}: ${error.stage}, stopped: ${String(error.stopped)}`);
  }
}

const inTime = run(() => delay(1, 'a value'), 5_000);
await report('in time', inTime);

// At the deadline `scope.signal` aborts. Work that listens to it ends.
const listens = run(({ signal }) => delay(60_000, 'a value', { signal }), 300);
await report('listens', listens);

// An async function cannot be stopped while it awaits. Nobody waits for this one any longer, and the error says so.
const deaf = run(() => delay(60_000, 'a value', { ref: false }), 300);
await report('deaf', deaf);

// A loop before the first `await` is cut.
const stuck = run(async () => {
  spin();
  await delay(1);
}, 30);
await report('stuck', stuck);

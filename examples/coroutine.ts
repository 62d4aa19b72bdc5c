import { setTimeout as delay } from 'node:timers/promises';
import { isTimeoutError, run, wait, type Timeout } from 'hardstop';

class Connection {
  async query(): Promise<readonly string[]> {
    return delay(60_000, ['a row'], { ref: false });
  }

  async close(): Promise<void> {
    await delay(1);
    console.log('closed');
  }
}

async function connect(): Promise<Connection> {
  return delay(1, new Connection());
}

function* rowCount(scope: Timeout): Generator<unknown, number> {
  const connection = yield* wait(connect());
  try {
    // The timeout is thrown here, so `catch` and `finally` run.
    return (yield* wait(connection.query())).length;
  } finally {
    // Each later `yield` would throw it again, but not inside a shield.
    yield* scope.shield(function* () {
      yield connection.close();
    });
  }
}

try {
  console.log(await run(rowCount, 500));
} catch (error) {
  if (!isTimeoutError(error)) throw error;
  console.log(`${error.stage}, stopped: ${String(error.stopped)}`);
}

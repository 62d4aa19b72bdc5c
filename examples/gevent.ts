import { setTimeout as delay } from 'node:timers/promises';
import { isTimeoutError, run, Timeout, wait, withTimeout } from 'hardstop';

const slow = (): Promise<string> => delay(60_000, 'an answer', { ref: false });

console.log(await withTimeout(20, slow, { timeoutValue: 'nobody answers' }));

await run(function* () {
  const timeout = Timeout.startNew(300);
  try {
    yield* wait(slow());
  } catch (error) {
    // Somebody else's timeout is not for us.
    if (!isTimeoutError(error) || error.scope !== timeout) throw error;
    console.log('mine:', String(timeout));
  } finally {
    timeout.cancel();
  }

  timeout.start();
  console.log('started again:', timeout.pending);
  timeout.close();
  console.log('closed:', timeout.pending);
});

// `with Timeout(seconds, False)`: swallows its own timeout, and only its own.
const silent = new Timeout(20, { error: false });
console.log(await silent.run(slow), silent.state);

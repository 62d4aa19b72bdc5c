import { setTimeout as delay } from 'node:timers/promises';
import { currentScope, isTimeoutError, run, Timeout } from 'hardstop';

/** Knows nothing of who calls it: the deadline of the scopes around it holds all the same. */
async function query(): Promise<string> {
  return run(({ signal }) => delay(60_000, 'rows', { signal }), { timeout: 10_000, name: 'query' });
}

const request = new Timeout(500, { name: 'request' });
try {
  await request.run(async () => {
    await delay(1);
    console.log('inside the request, after await:', currentScope() === request);
    await query();
  });
} catch (error) {
  if (!isTimeoutError(error)) throw error;
  console.log('the request expired:', error.scope === request);
}

// Scopes beside each other do not see each other.
const values = await Promise.all([
  run(() => delay(60_000, 'slow', { ref: false }), { timeout: 20, default: 'gave up' }),
  run(() => delay(1, 'fast'), 5_000),
]);
console.log(values.join(', '));

// A part that must not be cut. The deadline passes meanwhile, and strikes when the shield ends.
try {
  await run(async (scope) => {
    await scope.shield(async () => {
      await delay(400);
      console.log('committed, expired inside:', scope.expired);
    });
  }, 300);
} catch (error) {
  console.log('then', (error as Error).name);
}

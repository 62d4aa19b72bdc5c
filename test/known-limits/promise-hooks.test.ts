// Node 20 and 22 follow AsyncLocalStorage with hooks that the engine calls for each promise. An engine that is told to unwind
// in one of them reports that as an error nobody has caught, and goes on without a promise: the process ends. `node:vm` has
// it, too. Documented in docs/strategies.md; when this test starts failing, hardstop can promise more.
import test from 'ava';
import { runSource } from '../harness/run-fixture.js';

const hasPromiseHooks = Number(process.versions.node.split('.')[0]) < 24;
const ENOUGH_MS = 120_000;

/** Stops work that makes promises in Node's own functions, again and again. */
const STOPS = `
  import { AsyncLocalStorage } from 'node:async_hooks';
  import { access } from 'node:fs/promises';
  import { isTimeoutError, runSync } from 'hardstop';
  const pending = [];
  const giveUpAt = performance.now() + Number(process.argv.at(-1));
  await new AsyncLocalStorage().run('store', async () => {
    while (performance.now() < giveUpAt) {
      try {
        runSync(() => { for (;;) pending.push(access('.')); }, 1);
      } catch (error) {
        if (!isTimeoutError(error)) throw error;
      }
      await Promise.allSettled(pending.splice(0));
    }
  });
  console.log('lives');`;

(hasPromiseHooks ? test : test.skip)(
  'a stop inside a promise hook of Node 20 and 22 ends the process',
  async (t) => {
    t.timeout(2 * ENOUGH_MS);
    const child = await runSource(STOPS, {
      args: [String(ENOUGH_MS)],
      timeoutMs: 2 * ENOUGH_MS - 30_000,
    });
    t.false(child.timedOut);
    // With an error, by a signal, or because nothing is left to wait for, with the status 0.
    t.false(child.stdout.includes('lives'));
  },
);

(hasPromiseHooks ? test.skip : test)(
  'where the engine itself carries the store such stops are like others',
  async (t) => {
    const child = await runSource(STOPS, { args: ['2000'], timeoutMs: ENOUGH_MS });
    t.is(child.stdout, 'lives\n', child.stderr);
  },
);

// The traps that users of other timeouts have met; each has a number in the research that the design is based on.
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { capabilities, isTimeoutError, runSync, TimeoutError } from 'hardstop';
import { assertNeverEarly } from '../harness/never-early.js';
import { nativeTest, nativeTestOn } from '../harness/native-test.js';
import { runSource } from '../harness/run-fixture.js';
import { testEachStrategy } from '../harness/strategies.js';
import { REACHABLE, sleep } from '../harness/work.js';

function spin(): never {
  for (;;);
}

// 0.1 One binary for every engine; what it finds in the engine is told, not assumed.
nativeTest('the addon is one Node-API file that runs on this engine', (t) => {
  const { addon, strategies } = capabilities();
  t.true(strategies.native.available);
  t.regex(addon?.path ?? '', /\.node$/);
});

// 0.2 No thread for each call.
nativeTestOn(process.platform === 'linux')('an armed call starts no thread', (t) => {
  runSync(() => undefined, 60_000);
  const before = readdirSync('/proc/self/task').length;
  t.is(
    runSync(() => readdirSync('/proc/self/task').length, 60_000),
    before,
  );
  t.is(
    runSync(() => runSync(() => readdirSync('/proc/self/task').length, 30_000), 60_000),
    before,
  );
});

// 0.3 node:vm takes whole milliseconds from 1 on.
testEachStrategy('fractions, 0 and Infinity are limits', (t, strategy) => {
  for (const timeout of [0.2, 0.5, 1.5, 2.25]) {
    assertNeverEarly(t, timeout, () => runSync(spin, { timeout, strategy }));
  }
  t.throws(() => runSync(() => 1, { timeout: 0, strategy }), { instanceOf: TimeoutError });
  t.is(
    runSync(() => 1, { timeout: Infinity, strategy }),
    1,
  );
});

// 0.4 is in node-vm.test.ts; 0.5 in known-limits/built-ins.test.ts; 0.6 in stuck-code.test.ts.

// 0.6 No generator return, hence no disposal, in stopped code: that is what defer is for.
testEachStrategy('in stopped code only what was deferred runs', (t, strategy) => {
  const ran: string[] = [];
  function* resource(): Generator<number> {
    try {
      yield 1;
    } finally {
      ran.push('generator return');
    }
  }
  t.throws(
    () =>
      runSync(
        (scope) => {
          scope.defer(() => ran.push('deferred'));
          for (const value of resource()) if (value > 0) spin();
        },
        { timeout: REACHABLE, strategy },
      ),
    { instanceOf: TimeoutError },
  );
  t.deepEqual(ran, ['deferred']);
});

// 0.7 The soft stop is visible in a running synchronous loop.
testEachStrategy('a synchronous loop sees its signal abort and its scope expire', (t, strategy) => {
  const error = t.throws(
    () =>
      runSync(
        (scope) => {
          while (!scope.signal.aborted);
          t.true(scope.expired);
          scope.checkpoint();
        },
        { timeout: 10, grace: 60_000, strategy },
      ),
    { instanceOf: TimeoutError },
  );
  t.is(error.stage, 'checkpoint');
});

// 0.8 A static that waits in its destructor makes process.exit() hang.
test('process.exit() after the watchdog has started ends the process', async (t) => {
  const child = await runSource(
    `import { runSync } from 'hardstop';
     try { runSync(() => { for (;;); }, 5); } catch {}
     runSync(() => 1, 600_000);
     process.exit(4);`,
    { timeoutMs: 15_000 },
  );
  t.like(child, { code: 4, timedOut: false });
});

// 0.9 is in known-limits/built-ins.test.ts; 0.10 is about commands, which come later.

// 0.11 AbortSignal.any over AbortSignal.timeout is collected on Node 20: nothing here is built on it.
test("a scope's signal aborts after a garbage collection", async (t) => {
  const child = await runSource(
    `import { runSync } from 'hardstop';
     let reason;
     try {
       runSync((scope) => {
         scope.signal.addEventListener('abort', () => { reason = scope.signal.reason.name; });
         globalThis.gc();
         for (;;);
       }, 500);
     } catch {}
     console.log(reason);`,
    { nodeFlags: ['--expose-gc'] },
  );
  t.is(child.stdout, 'TimeoutError\n', child.stderr);
});

// 0.12 Timers of Node have a floor of 1 ms.
nativeTest('limits far below a millisecond are kept, and told apart', (t) => {
  const stop = (timeout: number): number => {
    const error = t.throws(() => runSync(spin, timeout), { instanceOf: TimeoutError });
    t.true(error.elapsed >= timeout);
    return error.elapsed;
  };
  // One stop within the longer limit is enough: with a floor of 1 ms there is none. On an overloaded machine most are
  // late by the scheduler's time slices, and a thread that has slept gets its turn sooner.
  const giveUpAt = performance.now() + 40_000;
  let shortest = Infinity;
  while (shortest >= 0.2 && performance.now() < giveUpAt) {
    sleep(1);
    stop(0.2);
    shortest = Math.min(shortest, stop(0.05));
  }
  t.true(shortest < 0.2, `${shortest} ms`);
});

// 0.13 What function-timeout gets wrong.
testEachStrategy('the error is an Error of this realm', (t, strategy) => {
  const error = t.throws(() => runSync(spin, { timeout: 5, strategy }));
  t.true(error instanceof Error);
  t.true(error instanceof TimeoutError);
  t.true(isTimeoutError(error));
});

testEachStrategy('the last result is not kept alive', async (t, strategy) => {
  const child = await runSource(
    `import { runSync } from 'hardstop';
     const result = new WeakRef(runSync(() => ({ big: new Uint8Array(1e6) }), { timeout: 60_000, strategy: '${strategy}' }));
     await new Promise((resolve) => setTimeout(resolve, 10));
     globalThis.gc();
     console.log(result.deref() === undefined);`,
    { nodeFlags: ['--expose-gc'] },
  );
  t.is(child.stdout, 'true\n', child.stderr);
});

testEachStrategy('an async function is refused, not left without a limit', async (t, strategy) => {
  t.throws(() => runSync(async () => delay(1), { timeout: 60_000, strategy }), {
    code: 'ERR_HARDSTOP_INVALID_OPTION',
    message: /`?run`?/,
  });
});

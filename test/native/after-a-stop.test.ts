import { AsyncResource } from 'node:async_hooks';
import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { currentScope, runSync, TimeoutError } from 'hardstop';
import { repetitions } from '../harness/repetitions.js';
import { runSource } from '../harness/run-fixture.js';
import { testEachStrategy } from '../harness/strategies.js';
import { REACHABLE } from '../harness/work.js';

function spin(): never {
  for (;;);
}

testEachStrategy(
  'after a stop, timers, promises, ticks and immediates work as before',
  async (t, strategy) => {
    const order: string[] = [];
    const timer = new Promise<void>((resolve) =>
      setTimeout(() => {
        order.push('timer');
        resolve();
      }, 1),
    );
    process.nextTick(() => order.push('tick'));
    void Promise.resolve().then(() => order.push('promise'));
    t.throws(() => runSync(spin, { timeout: 5, strategy }), { instanceOf: TimeoutError });
    t.deepEqual(order, [], 'nothing runs in between');
    await timer;
    await immediate();
    // ava awaits what comes before, so whether ticks or promises come first is not ours to say.
    t.deepEqual([...order].sort(), ['promise', 'tick', 'timer']);
    t.is(await delay(1, 'still works'), 'still works');
  },
);

testEachStrategy('what stopped work has queued before runs afterwards', async (t, strategy) => {
  const ran: string[] = [];
  t.throws(
    () =>
      runSync(
        () => {
          process.nextTick(() => ran.push('tick'));
          queueMicrotask(() => ran.push('microtask'));
          setImmediate(() => ran.push('immediate'));
          spin();
        },
        { timeout: REACHABLE, strategy },
      ),
    { instanceOf: TimeoutError },
  );
  await delay(5);
  t.deepEqual([...ran].sort(), ['immediate', 'microtask', 'tick']);
});

testEachStrategy(
  'a stop in a microtask, a tick, a timer or an event handler stays there',
  async (t, strategy) => {
    const stopped: string[] = [];
    const stop = (where: string): void => {
      try {
        runSync(spin, { timeout: 3, strategy });
      } catch (error) {
        if (error instanceof TimeoutError) stopped.push(where);
      }
    };
    const target = new EventTarget();
    target.addEventListener('event', () => {
      stop('event');
    });
    const others: string[] = [];
    queueMicrotask(() => {
      stop('microtask');
    });
    queueMicrotask(() => others.push('microtask behind it'));
    process.nextTick(() => {
      stop('tick');
    });
    process.nextTick(() => others.push('tick behind it'));
    setTimeout(() => {
      stop('timer');
      target.dispatchEvent(new Event('event'));
    }, 1);
    await delay(30);
    t.deepEqual([...stopped].sort(), ['event', 'microtask', 'tick', 'timer']);
    t.deepEqual([...others].sort(), ['microtask behind it', 'tick behind it']);
  },
);

testEachStrategy(
  'after a stop there is no scope, and further runs work as before',
  (t, strategy) => {
    for (let i = 0; i < repetitions(50); i++) {
      t.throws(() => runSync(spin, { timeout: 0.5, strategy }), { instanceOf: TimeoutError });
      t.is(currentScope(), undefined);
      t.is(
        runSync(() => i, { timeout: 60_000, strategy }),
        i,
      );
    }
  },
);

testEachStrategy('nothing is interrupted after a run that was stopped', (t, strategy) => {
  for (let i = 0; i < repetitions(50); i++) {
    t.throws(() => runSync(spin, { timeout: 0.2, strategy }), { instanceOf: TimeoutError });
    // A request that came late would be taken in here.
    let sum = 0;
    for (let turn = 0; turn < 100_000; turn++) sum += turn;
    t.is(sum, 4_999_950_000);
  }
});

testEachStrategy(
  'an async resource whose callback was stopped can be used again',
  (t, strategy) => {
    const resource = new AsyncResource('test');
    const stopInside = (): unknown =>
      runSync(() => resource.runInAsyncScope(spin), { timeout: 3, strategy });
    t.throws(stopInside, { instanceOf: TimeoutError });
    t.throws(stopInside, { instanceOf: TimeoutError });
    t.is(
      resource.runInAsyncScope(() => 'works'),
      'works',
    );
  },
);

// In children, because Node aborts the process when its stack of async ids does not fit.
const asyncContext = (strategy: string): string => `
  import { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId } from 'node:async_hooks';
  import { runSync } from 'hardstop';
  const storage = new AsyncLocalStorage();
  const spin = () => { for (;;); };
  const stop = (work) => {
    try { runSync(work, { timeout: 100, strategy: '${strategy}' }); return 'not stopped'; } catch (error) { return error.name; }
  };
  const seen = [];
  const say = (line) => seen.push(line);
`;

const contexts: Readonly<Record<string, { source: string; expected: readonly string[] }>> = {
  'AsyncLocalStorage.run inside the stopped work leaves no store behind': {
    source: `
      storage.run('outer', () => {
        say(stop(() => storage.run('inner', spin)));
        say(storage.getStore());
        setTimeout(() => { say('in a timer: ' + storage.getStore()); }, 1);
        Promise.resolve().then(() => say('in a promise: ' + storage.getStore()));
      });
      say('outside: ' + storage.getStore());`,
    expected: [
      'TimeoutError',
      'outer',
      'outside: undefined',
      'in a promise: outer',
      'in a timer: outer',
    ],
  },
  'runInAsyncScope inside stopped work inside a timer does not end the process': {
    source: `
      const resource = new AsyncResource('test');
      setTimeout(() => {
        const id = executionAsyncId();
        say(stop(() => resource.runInAsyncScope(spin)));
        say(executionAsyncId() === id);
        setTimeout(() => { say(stop(() => resource.runInAsyncScope(spin))); }, 1);
      }, 1);`,
    expected: ['TimeoutError', 'true', 'TimeoutError'],
  },
  'async hooks see an after for each before': {
    source: `
      const open = [];
      createHook({ before(id) { open.push(id); }, after(id) { open.splice(open.lastIndexOf(id), 1); } }).enable();
      const outer = new AsyncResource('outer'), inner = new AsyncResource('inner');
      setTimeout(() => {
        say(stop(() => outer.runInAsyncScope(() => inner.runInAsyncScope(spin))));
        setImmediate(() => setTimeout(() => say(open.length), 1));
      }, 1);`,
    // The timer's own entry is open while it reports.
    expected: ['TimeoutError', '1'],
  },
  'a store entered with enterWith before the work is still there': {
    source: `
      storage.enterWith('entered');
      say(stop(() => storage.run('inner', spin)));
      say(storage.getStore());
      await null;
      say(storage.getStore());`,
    expected: ['TimeoutError', 'entered', 'entered'],
  },
};

for (const [title, { source, expected }] of Object.entries(contexts)) {
  testEachStrategy(title, async (t, strategy) => {
    const child = await runSource(`${asyncContext(strategy)}${source}
      process.on('exit', () => console.log(seen.join('|')));`);
    t.is(child.code, 0, child.stderr);
    t.is(child.stdout.trim(), expected.join('|'), child.stderr);
  });
}

test('an uncaught exception inside a scope ends the process as Node would', async (t) => {
  const child = await runSource(`
    import { runSync } from 'hardstop';
    process.on('exit', (code) => console.log('exit handler', code));
    setTimeout(() => { runSync(() => { throw new Error('uncaught'); }, 60_000); }, 1);
    setTimeout(() => console.log('never'), 1_000);`);
  t.is(child.code, 1);
  t.is(child.stdout, 'exit handler 1\n');
  t.regex(child.stderr, /Error: uncaught/);
});

test('an uncaught TimeoutError ends the process and shows where the work was stuck', async (t) => {
  const child = await runSource(`
    import { runSync } from 'hardstop';
    runSync(function stuckHere() { for (;;); }, 300);`);
  t.is(child.code, 1);
  t.regex(child.stderr, /TimeoutError: Timed out after 300 ms/);
  if (process.env['HARDSTOP_DISABLE_NATIVE'] !== '1') t.regex(child.stderr, /cause[^]*stuckHere/);
});

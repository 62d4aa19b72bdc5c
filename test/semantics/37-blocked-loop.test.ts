import test from 'ava';
import { asyncRaise, currentScope, runSync, Timeout, type TimeoutError } from 'hardstop';
import { threadId } from 'node:worker_threads';
import { forever, runWithin, settled, timeoutFrom, turn } from '../harness/async-work.js';
import { serialNativeTest } from '../harness/native-test.js';
import { outcomeOf } from '../harness/outcome.js';
import { repetitions } from '../harness/repetitions.js';
import { runSource } from '../harness/run-fixture.js';
import { loopForever, REACHABLE, spin, spinUntil } from '../harness/work.js';

// Each of these blocks the event loop: they are serial.

serialNativeTest(
  'a later part that blocks is reported with the stack of where it was',
  async (t) => {
    function blocksTheLoop(ms: number): void {
      spin(ms);
    }
    const scope = new Timeout(600_000);
    const error = await timeoutFrom(
      t,
      scope.run(async () => {
        await turn();
        scope.reschedule(REACHABLE);
        blocksTheLoop(2 * REACHABLE);
        await forever();
      }),
    );
    t.is(error.scope, scope);
    t.true(error.cause instanceof Error);
    t.regex(String((error.cause as Error).stack), /blocksTheLoop/);
  },
);

test.serial('a later part that blocks is never interrupted: it runs to its end', async (t) => {
  const child = await runSource(
    `import { run } from 'hardstop';
    const spinUntil = (instant) => { while (performance.now() < instant); };
    const works = {
      async microtask(scope, done) { await null; spinUntil(scope.deadline + 60); done(); },
      async timer(scope, done) { await new Promise((r) => setTimeout(r, 1)); spinUntil(scope.deadline + 60); done(); },
      nextTick: (scope, done) => new Promise(() => process.nextTick(() => { spinUntil(scope.deadline + 60); done(); })),
      queued: (scope, done) => new Promise(() => queueMicrotask(() => { spinUntil(scope.deadline + 60); done(); })),
      immediate: (scope, done) => new Promise(() => setImmediate(() => { spinUntil(scope.deadline + 60); done(); })),
      thenable: (scope, done) => ({ then() { spinUntil(scope.deadline + 60); done(); } }),
    };
    const ends = [];
    for (const [name, work] of Object.entries(works)) {
      const error = await run((scope) => work(scope, () => ends.push(name)), 500).catch((thrown) => thrown);
      ends.push(error?.code ?? 'value');
      await new Promise((r) => setImmediate(r));
    }
    console.log(ends.join());`,
    { timeoutMs: 50_000 },
  );
  t.false(child.timedOut);
  t.is(child.code, 0, child.stderr);
  const names = ['microtask', 'timer', 'nextTick', 'queued', 'immediate', 'thenable'];
  t.is(
    child.stdout.trim(),
    names.map((name) => `${name},ERR_HARDSTOP_TIMEOUT`).join(),
    child.stderr,
  );
});

test.serial('code outside of the run that blocks the loop is not interrupted either', async (t) => {
  const scope = new Timeout(20);
  const outcome = timeoutFrom(t, scope.run(forever));
  let ends = 0;
  for (let i = 0; i < 5; i++) {
    spin(20);
    ends++;
  }
  t.is(ends, 5);
  t.is((await outcome).scope, scope);
});

serialNativeTest(
  'a runSync in a later part is interrupted at the deadline of the run',
  async (t) => {
    const scope = new Timeout(600_000);
    let reached = false;
    const error = await timeoutFrom(
      t,
      scope.run(async () => {
        await turn();
        scope.reschedule(REACHABLE);
        runSync(loopForever, Infinity);
        reached = true;
      }),
    );
    t.is(error.scope, scope);
    t.is(error.stage, 'interrupt');
    t.is(error.strategy, 'native');
    t.true(error.stopped);
    t.regex(String((error.cause as Error).stack), /loopForever/);
    t.false(reached);
    t.is(currentScope(), undefined);
  },
);

serialNativeTest(
  'a runSync in a later part that is caught does not turn the timeout into a value',
  async (t) => {
    const scope = new Timeout(600_000);
    const error = await timeoutFrom(
      t,
      scope.run(async () => {
        await turn();
        scope.reschedule(30);
        outcomeOf(() => runSync(loopForever, Infinity));
        return 'value';
      }),
    );
    t.is(error.scope, scope);
  },
);

serialNativeTest(
  'a runSync in a timer, a nextTick, a microtask of a run is interrupted',
  async (t) => {
    const ways: ((callback: () => void) => unknown)[] = [
      (callback) => setTimeout(callback, 0),
      (callback) => process.nextTick(callback),
      (callback) => {
        queueMicrotask(callback);
      },
      (callback) => setImmediate(callback),
    ];
    for (const way of ways) {
      const scope = new Timeout();
      let thrown: unknown;
      const error = await timeoutFrom(
        t,
        scope.run(
          () =>
            new Promise((_, reject) => {
              way(() => {
                scope.reschedule(REACHABLE);
                thrown = outcomeOf(() => runSync(loopForever, Infinity)).error;
                reject(thrown);
              });
            }),
        ),
      );
      t.is((thrown as TimeoutError).scope, scope);
      t.is(thrown as TimeoutError, error);
    }
  },
);

serialNativeTest(
  'run inside runSync inside run: the innermost loop ends with the outermost',
  async (t) => {
    const outer = new Timeout(REACHABLE);
    const sync = new Timeout(600_000);
    const inner = new Timeout(600_000);
    const error = await timeoutFrom(
      t,
      outer.run(async () => {
        await Promise.resolve();
        sync.runSync(() => {
          void inner.run(function* () {
            yield* [];
            loopForever();
          });
        });
      }),
    );
    t.is(error.scope, outer);
    await turn();
    t.is(currentScope(), undefined);
    t.deepEqual(
      [outer.state, sync.state, inner.state],
      ['timed_out', 'interrupted', 'interrupted'],
    );
    // All of them can run again.
    for (const scope of [outer, sync, inner]) t.is(await scope.run(() => 1), 1);
  },
);

serialNativeTest(
  'whatever the stop of a run unwinds has ended: its state, and that it can run again',
  async (t) => {
    const innerWorks: (() => unknown)[] = [
      loopForever,
      async () => loopForever(),
      function* () {
        yield* [];
        loopForever();
      },
    ];
    const aroundThem: ((start: () => unknown) => unknown)[] = [
      (start) => void start(),
      (start) => runSync(() => void start(), 600_000),
    ];
    for (const work of innerWorks) {
      for (const around of aroundThem) {
        for (const isLater of [false, true]) {
          const outer = new Timeout(REACHABLE);
          const sync = new Timeout(600_000);
          const inner = new Timeout(600_000);
          let released = 0;
          const error = await timeoutFrom(
            t,
            outer.run(async () => {
              if (isLater) await Promise.resolve();
              sync.runSync(() => {
                around(() => {
                  inner.defer(() => released++);
                  void inner.run(work);
                });
              });
            }),
          );
          t.is(error.scope, outer);
          await turn();
          t.deepEqual([sync.state, inner.state], ['interrupted', 'interrupted']);
          t.is(released, 1);
          t.is(currentScope(), undefined);
          t.is(
            sync.runSync(() => 1),
            1,
          );
        }
      }
    }
  },
);

serialNativeTest('asyncRaise ends the innermost run: a coroutine step, a first part', async (t) => {
  const works: (() => unknown)[] = [
    () => {
      asyncRaise(threadId, mine);
      loopForever();
    },
    async () => {
      asyncRaise(threadId, mine);
      loopForever();
    },
    function* () {
      yield turn();
      asyncRaise(threadId, mine);
      loopForever();
    },
  ];
  const mine = new Error('mine');
  for (const work of works) {
    const scope = new Timeout(600_000);
    const { error } = await settled(scope.run(work));
    t.is(error, mine);
    t.is(scope.state, 'interrupted');
    t.is(currentScope(), undefined);
  }
});

serialNativeTest('asyncRaise in a later part ends the run where it waits', async (t) => {
  const mine = new Error('mine');
  const scope = new Timeout(600_000);
  let delivered: boolean | undefined;
  let wentOn = false;
  const { error } = await settled(
    scope.run(async () => {
      await turn();
      delivered = asyncRaise(threadId, mine);
      wentOn = true;
      await forever();
    }),
  );
  t.true(delivered);
  t.true(wentOn);
  t.is(error, mine);
  t.is(scope.state, 'interrupted');
  t.false(asyncRaise(threadId, mine));
});

serialNativeTest('asyncRaise of another thread ends a run that loops in a step', async (t) => {
  const child = await runSource(
    `import { Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    import { run, currentScope } from 'hardstop';
    const hardstop = import.meta.resolve('hardstop');
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(\`
      (async () => {
        const { workerData } = await import('node:worker_threads');
        const { asyncRaise } = await import(workerData.hardstop);
        while (Atomics.load(workerData.shared, 0) === 0) Atomics.wait(workerData.shared, 0, 0, 50);
        while (!asyncRaise(0, new TypeError('from afar'))) Atomics.wait(workerData.shared, 0, 1, 5);
      })()\`, { eval: true, workerData: { hardstop, shared } });
    await once(worker, 'online');
    const error = await run(function* () {
      yield 1;
      Atomics.store(shared, 0, 1);
      Atomics.notify(shared, 0);
      for (;;);
    }, 3_600_000).catch((thrown) => thrown);
    console.log(error.name, error.message, currentScope() === undefined);
    const after = await run(async () => { await null; return 'works on'; }, 10_000);
    console.log(after);`,
    { timeoutMs: 40_000 },
  );
  t.false(child.timedOut);
  t.is(child.stdout, 'TypeError from afar true\nworks on\n', child.stderr);
});

test.serial('after each kind of end, code behind is never hit: thousands of runs', async (t) => {
  const child = await runSource(
    `import { run, runSync, currentScope } from 'hardstop';
    const strays = [];
    process.on('uncaughtException', (error) => strays.push('uncaught ' + error));
    process.on('unhandledRejection', (error) => strays.push('unhandled ' + error));
    const spinUntil = (instant) => { while (performance.now() < instant); };
    const count = Number(process.argv.at(-1));
    let canary = 0;
    const innocent = () => { canary = 0; for (let i = 0; i < 200; i++) canary += i % 2; if (canary !== 100) strays.push('canary'); };
    const kinds = [
      (end) => function* () { yield 1; spinUntil(end); },
      (end) => async () => { spinUntil(end); },
      (end) => async () => { await null; runSync(() => spinUntil(end), 60_000); },
      (end) => () => { try { return run(function* () { spinUntil(end); yield 1; }, 60_000); } finally { innocent(); } },
    ];
    for (let i = 0; i < count; i++) {
      const end = performance.now() + 0.2 + (Math.random() - 0.5) * 0.08;
      await run(kinds[i % kinds.length](end), 0.2).catch((error) => { if (error.code !== 'ERR_HARDSTOP_TIMEOUT') strays.push(String(error)); });
      try { innocent(); } catch (error) { strays.push(String(error)); }
      if (currentScope() !== undefined) strays.push('a scope was left');
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(JSON.stringify([...new Set(strays)]));`,
    { args: [String(repetitions(4000))], timeoutMs: 40_000 },
  );
  t.false(child.timedOut);
  t.is(child.stdout, '[]\n', child.stderr);
  t.is(child.code, 0, child.stderr);
});

serialNativeTest(
  'a loop that blocks is reported for the run that it was in time for, not for later ones',
  async (t) => {
    const scope = new Timeout();
    const error = await timeoutFrom(t, runWithin(scope, 1, forever));
    t.true(error.cause === undefined || error.cause instanceof Error);
    const blocked = new Timeout();
    const outcome = timeoutFrom(t, runWithin(blocked, REACHABLE, forever));
    const outside = function blocksOutside(): void {
      spinUntil(blocked.deadline + 150);
    };
    outside();
    const { cause } = await outcome;
    t.regex(String((cause as Error | undefined)?.stack), /blocksOutside/);
  },
);

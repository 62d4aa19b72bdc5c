import anyTest from 'ava';
import {
  createPool,
  currentScope,
  InvalidOptionError,
  InvalidStateError,
  ProcessExitError,
  QueueFullError,
  runSync,
  task,
  TimeoutError,
  WorkerExitError,
  type PoolOptions,
} from 'hardstop';
import type * as initializers from '../fixtures/isolation/initializer.js';
import type * as tasks from '../fixtures/isolation/tasks.js';
import { timeoutFrom } from '../harness/async-work.js';
import { serialNativeTest } from '../harness/native-test.js';
import { runSource } from '../harness/run-fixture.js';

// Limits strike here: one at a time.
const test = anyTest.serial;

const TASKS = new URL('../fixtures/isolation/tasks.js', import.meta.url);
const INITIALIZER = new URL('../fixtures/isolation/initializer.js', import.meta.url);
/** Long enough for anything that is not meant to time out. */
const AMPLE = 60_000;

const double = task<typeof tasks.double>(TASKS, 'double');
const picky = task<typeof tasks.picky>(TASKS, 'picky');
const whoAmI = task<typeof tasks.whoAmI>(TASKS, 'whoAmI');

const spin = (): never => {
  for (;;);
};

for (const kind of ['worker', 'process'] as const) {
  test(`tasks run in the pool's own hosts, which are used again [${kind}]`, async (t) => {
    await using pool = createPool({ kind, size: 1 });
    t.is(pool.kind, kind);
    t.is(pool.size, 1);
    const first = await pool.run(whoAmI, AMPLE);
    t.deepEqual(await pool.run(whoAmI, AMPLE), first);
    t.is(await pool.run(double, { args: [2] }), 4);
    t.deepEqual(pool.statistics(), {
      hosts: 1,
      idle: 1,
      running: 0,
      queued: 0,
      completed: 3,
      stopped: 0,
      started: 1,
      lost: 0,
      recycled: 0,
    });
  });

  test(`a task that hangs harms no other one [${kind}]`, async (t) => {
    await using pool = createPool({ kind, size: 2, timeout: AMPLE });
    const hanging = pool.run(spin, { timeout: 50, grace: 0 });
    const others = Promise.all(
      Array.from({ length: 20 }, (_, n) => pool.run(double, { args: [n] })),
    );
    const error = await timeoutFrom(t, hanging);
    t.is(error.strategy, kind);
    t.is(error.stopped, error.stage !== 'abandoned');
    t.deepEqual(
      await others,
      Array.from({ length: 20 }, (_, n) => 2 * n),
    );
  });

  test(`a host that dies is replaced, and others are unharmed [${kind}]`, async (t) => {
    await using pool = createPool({ kind, size: 2 });
    const exit = task<typeof tasks.exit>(TASKS, 'exit');
    const dying = pool.run(exit, { args: [3], timeout: AMPLE });
    const other = pool.run(double, { args: [4], timeout: AMPLE });
    const error = await t.throwsAsync(dying, {
      instanceOf: kind === 'worker' ? WorkerExitError : ProcessExitError,
    });
    t.is((error as WorkerExitError).exitCode, 3);
    t.is(await other, 8);
    t.is(await pool.run(double, { args: [5], timeout: AMPLE }), 10);
    t.is(pool.statistics().lost, 1);
  });

  test(`a host loads the initialiser once, before its first task [${kind}]`, async (t) => {
    await using pool = createPool({ kind, size: 1, initializer: INITIALIZER });
    const readFlag = task<typeof tasks.readFlag>(TASKS, 'readFlag');
    t.is(await pool.run(readFlag, AMPLE), 1);
    t.is(await pool.run(readFlag, AMPLE), 1);
  });

  test(`an initialiser that fails rejects the call, and nothing hangs [${kind}]`, async (t) => {
    const initializer = new URL('no-such-module.js', import.meta.url);
    await using pool = createPool({ kind, size: 1, initializer });
    await t.throwsAsync(pool.run(double, { args: [1], timeout: AMPLE }));
    await t.throwsAsync(pool.run(double, { args: [1], timeout: AMPLE }));
  });

  test(`an initialiser that is a task is called once, without arguments, and awaited [${kind}]`, async (t) => {
    const initializer = task<typeof initializers.prepare>(INITIALIZER, 'prepare');
    await using pool = createPool({ kind, size: 1, initializer });
    const readFlag = task<typeof tasks.readFlag>(TASKS, 'readFlag');
    t.deepEqual(await pool.run(readFlag, AMPLE), [1, '0 arguments']);
    t.deepEqual(await pool.run(readFlag, AMPLE), [1, '0 arguments']);
  });

  test(`what an initialiser that is a task fails with is told, with its stack [${kind}]`, async (t) => {
    await using pool = createPool({
      kind,
      size: 1,
      initializer: task<typeof initializers.failLater>(INITIALIZER, 'failLater'),
    });
    const told: unknown = await t.throwsAsync(pool.run(double, { args: [1], timeout: AMPLE }), {
      message: /no connection/,
    });
    const cause = told instanceof WorkerExitError ? told.cause : told;
    t.true(cause instanceof RangeError);
    t.regex((cause as Error).stack ?? '', /failLater/);
  });

  test(`an initialiser that its module does not export is named [${kind}]`, async (t) => {
    await using pool = createPool({ kind, size: 1, initializer: task(INITIALIZER, 'absent') });
    await t.throwsAsync(pool.run(double, { args: [1], timeout: AMPLE }), {
      message: /exported as `absent`/,
    });
  });

  test(`tasksPerHost replaces hosts [${kind}]`, async (t) => {
    await using pool = createPool({ kind, size: 1, tasksPerHost: 2 });
    const ids: unknown[] = [];
    for (let n = 0; n < 4; n++) {
      const { pid, threadId } = await pool.run(whoAmI, AMPLE);
      ids.push(kind === 'worker' ? threadId : pid);
    }
    t.is(ids[0], ids[1]);
    t.not(ids[1], ids[2]);
    t.is(ids[2], ids[3]);
    t.is(pool.statistics().recycled, 2);
  });

  test(`terminate ends what runs [${kind}]`, async (t) => {
    const pool = createPool({ kind, size: 1 });
    let begin: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const running = pool.run(task<typeof tasks.tellAndSpin>(TASKS, 'tellAndSpin'), {
      timeout: AMPLE,
      onMessage: () => begin?.(),
    });
    const waiting = pool.run(double, { args: [1], timeout: AMPLE });
    await begun;
    const ended = pool.terminate();
    await t.throwsAsync(running, { instanceOf: InvalidStateError });
    await t.throwsAsync(waiting, { instanceOf: InvalidStateError });
    await ended;
    await t.throwsAsync(pool.run(double, { args: [1] }), { instanceOf: InvalidStateError });
    t.is(pool.statistics().hosts, 0);
  });

  test(`an idle pool does not keep the process alive, a task does [${kind}]`, async (t) => {
    const { code, stdout, timedOut } = await runSource(
      `import { createPool } from 'hardstop';
       const pool = createPool({ kind: '${kind}', size: 2, minimum: 2 });
       pool.run(async () => { await new Promise((r) => setTimeout(r, 300)); return 'done'; })
         .then(console.log);`,
    );
    t.false(timedOut);
    t.is(code, 0);
    t.is(stdout, 'done\n');
  });
}

test('close waits for the end of hosts that were let go before', async (t) => {
  const pool = createPool({ kind: 'process', size: 1 });
  const leaveSomething = (): number => {
    setInterval(() => undefined, 1_000);
    return process.pid;
  };
  const pid = await pool.run(leaveSomething, AMPLE);
  await pool.close();
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('a worker that cannot be ended does not hold up terminate', async (t) => {
  const { code, stdout, timedOut } = await runSource(
    `import { createPool } from 'hardstop';
     const pool = createPool({ kind: 'worker', size: 1, minimum: 1 });
     let begin;
     const begun = new Promise((resolve) => (begin = resolve));
     const stick = async () => {
       const { sendMessage } = await import('hardstop');
       sendMessage('begun');
       process.getBuiltinModule('crypto').pbkdf2Sync('a', 'b', 3_000_000, 64, 'sha512');
     };
     const running = pool.run(stick, { onMessage: begin }).catch((error) => error.name);
     await begun;
     await pool.terminate();
     console.log('terminated', await running);`,
  );
  t.false(timedOut);
  t.is(stdout, 'terminated InvalidStateError\n');
  t.is(code, 0);
});

test('onTimeout is called in the context of the caller, whether the call has waited or not', async (t) => {
  await using pool = createPool({ kind: 'worker', size: 1 });
  for (const state of ['has to wait for a worker', 'gets one at once']) {
    let next: Promise<number> | undefined;
    const onTimeout = (): void => {
      t.is(currentScope(), undefined, state);
      next = pool.run(double, { args: [1], timeout: AMPLE });
    };
    await pool.run(spin, { timeout: 50, error: false, onTimeout });
    t.is(await next, 2, state);
  }
});

test('the limits of the pool hold for calls that have none of their own', async (t) => {
  await using pool = createPool({ kind: 'worker', size: 1, timeout: 50, name: 'reports' });
  const error = await timeoutFrom(t, pool.run(spin));
  t.is(error.timeout, 50);
  t.regex(error.message, /`reports`/);
  const own = await timeoutFrom(t, pool.run(spin, { timeout: 60, name: 'own' }));
  t.is(own.timeout, 60);
  t.regex(own.message, /`own`/);
  t.is(await pool.run(() => 1, { timeout: null }), 1);
});

test('the queue has a limit, and waiting in it has one', async (t) => {
  await using pool = createPool({ kind: 'worker', size: 1, maxQueue: 1, queueTimeout: 20 });
  const controller = new AbortController();
  const { signal } = controller;
  const first = pool.run(spin, { timeout: AMPLE, queueTimeout: null, signal });
  const second = pool.run(double, { args: [1] });
  await t.throwsAsync(pool.run(double, { args: [1] }), { instanceOf: QueueFullError });
  const error = await timeoutFrom(t, second);
  t.is(error.clock, 'queue');
  t.is(error.stage, 'refused');
  controller.abort(new Error('enough'));
  await t.throwsAsync(first, { message: 'enough' });
});

test('map gives a result for each item, whatever happens to others', async (t) => {
  await using pool = createPool({ kind: 'worker', size: 2 });
  const results: unknown[] = [];
  for await (const result of pool.map(picky, [1, 2, 10, 4], { timeout: 3_000, name: 'picky' })) {
    t.is(result.index, results.length);
    results.push(result.status === 'fulfilled' ? result.value : (result.reason as Error).name);
    if (result.item === 10) {
      t.true(result.status === 'rejected' && result.reason instanceof TimeoutError);
      t.regex(
        String(result.status === 'rejected' && (result.reason as Error).stack),
        /create-pool\.test/,
      );
    }
  }
  t.deepEqual(results, ['RangeError', 2, 'TimeoutError', 4]);
});

test('to leave a map stops what it runs', async (t) => {
  await using pool = createPool({ kind: 'worker', size: 2 });
  const items = [2, 10, 20, 30];
  for await (const { value } of pool.map(picky, items, { timeout: AMPLE }) as AsyncIterable<{
    value?: number;
  }>) {
    t.is(value, 2);
    break;
  }
  await pool.drain();
  t.is(pool.statistics().running, 0);
  t.is(await pool.run(double, { args: [1], timeout: AMPLE }), 2);
});

test('a task that is stopped while its module is loaded harms no later one', async (t) => {
  await using pool = createPool({ kind: 'worker', size: 1 });
  const looping = task(new URL('data:text/javascript,for(;;);export const never=()=>0'), 'never');
  for (let round = 0; round < 3; round++) {
    t.is(await pool.run(double, { args: [round], timeout: AMPLE }), 2 * round);
    const controller = new AbortController();
    const stopped = pool.run(looping, { signal: controller.signal });
    // Time to begin: were it too short, nothing would be cut.
    setTimeout(() => {
      controller.abort(new Error('enough'));
    }, 200);
    await t.throwsAsync(stopped, { message: 'enough' });
    const fresh = task(
      new URL(`data:text/javascript,export const own=()=>${String(round)}`),
      'own',
    );
    t.is(await pool.run(fresh, { timeout: AMPLE }), round);
  }
});

// A `node:vm` timeout is not held off from a call that is on its way into the pool, nor from Node as it starts a thread.
serialNativeTest('a stop around that cuts calls anywhere leaves the pool whole', async (t) => {
  await using pool = createPool({ kind: 'worker', size: 2 });
  await pool.run(double, { args: [1], timeout: AMPLE });
  for (let round = 0; round < 20; round++) {
    const handInForEver = (): never => {
      for (;;) void pool.run(double, { args: [1], timeout: AMPLE });
    };
    t.throws(() => runSync(handInForEver, Math.random() * 5), { instanceOf: TimeoutError });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await pool.drain();
  t.is(pool.statistics().running, 0);
  t.is(pool.statistics().queued, 0);
  t.is(await pool.run(double, { args: [2], timeout: AMPLE }), 4);
});

test('bad options are refused, and name the option', (t) => {
  for (const [options, name] of [
    [{ kind: 'thread' }, 'kind'],
    [{ kind: 'worker', size: 0 }, 'size'],
    [{ kind: 'worker', size: 1.5 }, 'size'],
    [{ kind: 'worker', size: Infinity }, 'size'],
    [{ kind: 'worker', size: 1, minimum: 2 }, 'minimum'],
    [{ kind: 'worker', maxQueue: -1 }, 'maxQueue'],
    [{ kind: 'worker', tasksPerHost: 0 }, 'tasksPerHost'],
    [{ kind: 'worker', queueTimeout: -1 }, 'queueTimeout'],
    [{ kind: 'worker', timeout: 'a' }, 'timeout'],
    [{ kind: 'worker', idleTimeout: NaN }, 'idleTimeout'],
    [{ kind: 'worker', initializer: './relative.js' }, 'initializer'],
    [{ kind: 'worker', initializer: () => undefined }, 'initializer'],
    [{ kind: 'worker', resourceLimits: 1 }, 'resourceLimits'],
    [
      { kind: 'worker', resourceLimits: { maxOldGenerationSizeMb: '32' } },
      'resourceLimits.maxOldGenerationSizeMb',
    ],
    [{ kind: 'process', resourceLimits: { stackSizeMb: -1 } }, 'resourceLimits.stackSizeMb'],
    [{ kind: 'worker', name: 1 }, 'name'],
    [1, 'options'],
  ] as const) {
    const error = t.throws(() => createPool(options as unknown as PoolOptions));
    t.true(error instanceof InvalidOptionError);
    t.like(error, { code: 'ERR_HARDSTOP_INVALID_OPTION', option: name });
  }
});

test('bad options of map are refused at once', async (t) => {
  await using pool = createPool({ kind: 'worker', size: 1 });
  const map = pool.map.bind(pool) as (...args: unknown[]) => unknown;
  for (const [args, name] of [
    [[double, 1], 'items'],
    [[double, [1], { concurrency: 0 }], 'concurrency'],
    [[double, [1], { concurrency: Infinity }], 'concurrency'],
    [[double, [1], { order: 'random' }], 'order'],
    [[double, [1], { onProgress: 1 }], 'onProgress'],
    [[double, [1], { timeout: -1 }], 'timeout'],
    [[1, [1]], 'task'],
  ] as const) {
    const error = t.throws(() => map(...args));
    t.like(error, { code: 'ERR_HARDSTOP_INVALID_OPTION', option: name });
  }
});

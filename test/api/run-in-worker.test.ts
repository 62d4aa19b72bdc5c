import { isMainThread, threadId } from 'node:worker_threads';
import anyTest from 'ava';
import {
  asyncRaise,
  currentScope,
  InvalidOptionError,
  InvalidStateError,
  NotTransferableError,
  runInWorker,
  sendMessage,
  task,
  Timeout,
  TimeoutError,
  WorkerExitError,
} from 'hardstop';
import type * as tasks from '../fixtures/isolation/tasks.js';
import { runWithin, timeoutFrom } from '../harness/async-work.js';
import { serialNativeTest as nativeTest } from '../harness/native-test.js';

// Limits strike here: one at a time.
const test = anyTest.serial;

const TASKS = new URL('../fixtures/isolation/tasks.js', import.meta.url);
/** Long enough for anything that is not meant to time out. */
const AMPLE = 60_000;

const spin = (): never => {
  for (;;);
};

test('a function is run in another thread, with its arguments', async (t) => {
  const own = await runInWorker((a: number, b: number) => a + b, { args: [1, 2], timeout: AMPLE });
  t.is(own, 3);
  const who = await runInWorker(task<typeof tasks.whoAmI>(TASKS, 'whoAmI'), AMPLE);
  t.true(isMainThread);
  t.not(who.threadId, threadId);
  t.is(who.pid, process.pid);
});

test('an exported function is run by its name; what it returns may be a promise', async (t) => {
  const double = task<typeof tasks.doubleLater>(TASKS, 'doubleLater');
  t.is(await runInWorker(double, { args: [21], timeout: AMPLE }), 42);
});

test('an error of the task arrives with class, message, stack and cause', async (t) => {
  const error = await t.throwsAsync(
    runInWorker(() => {
      throw new RangeError('own', { cause: new Error('why') });
    }, AMPLE),
    { instanceOf: RangeError, message: 'own' },
  );
  t.is((error?.cause as Error).message, 'why');
  t.regex(error?.stack as string, /hardstop-task/);
});

test('a loop is stopped at the deadline, never before, and the error says how', async (t) => {
  const stop = async (): Promise<TimeoutError> => {
    const began = performance.now();
    const told = await timeoutFrom(t, runInWorker(spin, { timeout: 50, name: 'spin' }));
    t.true(performance.now() - began >= 50);
    return told;
  };
  let error = await stop();
  // A crowded machine may let it begin too late: not every time.
  for (let again = 0; error.stage === 'refused' && again < 20; again++) error = await stop();
  t.is(error.strategy, 'worker');
  // On a crowded machine the end of a thread may take longer than it is waited for.
  t.true(['interrupt', 'terminate', 'abandoned'].includes(error.stage), error.stage);
  t.is(error.stopped, error.stage !== 'abandoned');
  t.is(error.timeout, 50);
  t.true(error.elapsed >= 50);
  t.regex(error.message, /^Timed out after 50 ms: `spin` \(worker: /);
  t.regex(error.stack as string, /run-in-worker\.test/);
});

nativeTest(
  '`elapsed` is until the task has ended, however late its caller hears of it',
  async (t) => {
    const spinning = task<typeof tasks.spinUntilStopped>(TASKS, 'spinUntilStopped');
    // On a crowded machine it may begin, or be stopped, too late: not every time.
    for (let attempt = 0; attempt < 20; attempt++) {
      const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
      let ended = NaN;
      const began = performance.now();
      const error = await timeoutFrom(
        t,
        runInWorker(spinning, {
          args: [cell],
          timeout: 500,
          onMessage: () => {
            // This loop hears nothing until the task has ended, and some more.
            Atomics.wait(cell, 0, 0, AMPLE);
            ended = performance.now();
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
          },
        }),
      );
      if (error.stage !== 'interrupt' || Number.isNaN(ended)) continue;
      t.true(error.elapsed >= 500);
      t.true(error.elapsed <= ended - began);
      return;
    }
    t.fail('never interrupted in time');
  },
);

nativeTest('the worker of an interrupted task serves the next one', async (t) => {
  // On a crowded machine an answer may come too late, and the worker is ended then: not the first time, perhaps.
  for (let attempt = 0; attempt < 20; attempt++) {
    const told: number[] = [];
    const error = await timeoutFrom(
      t,
      runInWorker(task<typeof tasks.tellAndSpin>(TASKS, 'tellAndSpin'), {
        timeout: 100,
        onMessage: (message) => told.push((message as { threadId: number }).threadId),
      }),
    );
    const { threadId: next } = await runInWorker(task<typeof tasks.whoAmI>(TASKS, 'whoAmI'), AMPLE);
    if (error.stage !== 'interrupt' || told.length === 0) continue;
    t.is(next, told[0] as number);
    t.regex((error.cause as Error).stack as string, /tellAndSpin/);
    return;
  }
  t.fail('never interrupted in time');
});

test('asynchronous work is told by its signal', async (t) => {
  const error = await timeoutFrom(
    t,
    runInWorker(task<typeof tasks.tellAndWait>(TASKS, 'tellAndWait'), {
      timeout: AMPLE,
      grace: AMPLE,
      onMessage: () => currentScope()?.reschedule(50),
    }),
  );
  t.is(error.stage, 'signal');
  t.true(error.stopped);
});

test('inside, the scope has the time that the caller has left', async (t) => {
  const left = task<typeof tasks.whatIsLeft>(TASKS, 'whatIsLeft');
  t.true(((await runInWorker(left, AMPLE)) as number) <= AMPLE);
  const deadline = performance.now() + AMPLE;
  t.true(((await runInWorker(left, { deadline })) as number) <= AMPLE);
  const outer = new Timeout(AMPLE);
  const inside = await outer.run(() => runInWorker(left, { timeout: 2 * AMPLE }));
  t.true((inside as number) <= AMPLE);
});

test('the deadline of a scope around stops the task, and is the one that is told', async (t) => {
  // Where the end of the thread took too long on a crowded machine, the error says so: not every time.
  for (let attempt = 0; attempt < 10; attempt++) {
    const outer = new Timeout();
    let inner: Promise<unknown> | undefined;
    const error = await timeoutFrom(
      t,
      runWithin(outer, 50, async () => {
        inner = runInWorker(spin, { timeout: AMPLE });
        await inner;
      }),
    );
    t.is(error.scope, outer);
    t.is(await t.throwsAsync(inner as Promise<unknown>), error);
    if (error.stopped) return;
  }
  t.fail('never stopped');
});

test('aborting stops the task', async (t) => {
  const controller = new AbortController();
  const reason = new Error('gone');
  const promise = runInWorker(task<typeof tasks.tellAndSpin>(TASKS, 'tellAndSpin'), {
    timeout: AMPLE,
    signal: controller.signal,
    onMessage: () => {
      controller.abort(reason);
    },
  });
  t.is(await t.throwsAsync(promise), reason);
  t.is(await runInWorker(() => 'next', AMPLE), 'next');
});

test('default, error and onTimeout', async (t) => {
  const seen: TimeoutError[] = [];
  const options = {
    timeout: 20,
    onTimeout: (error: TimeoutError): void => {
      seen.push(error);
    },
  };
  t.is(await runInWorker(spin, { ...options, default: 'default' }), 'default');
  t.is(await runInWorker(spin, { ...options, error: false }), undefined);
  await t.throwsAsync(runInWorker(spin, { ...options, error: 'too slow' }), {
    instanceOf: TimeoutError,
    message: 'too slow',
  });
  t.is(seen.length, 3);
});

test('a limit of 0 starts nothing', async (t) => {
  const error = await timeoutFrom(
    t,
    runInWorker(() => 1, 0),
  );
  t.is(error.stage, 'refused');
});

test('messages arrive in order, before the result', async (t) => {
  const seen: unknown[] = [];
  const result = await runInWorker(task<typeof tasks.report>(TASKS, 'report'), {
    args: [3],
    timeout: AMPLE,
    onMessage: (message) => seen.push(message),
  });
  t.is(result, 'done');
  t.deepEqual(seen, [{ step: 1 }, { step: 2 }, { step: 3 }]);
});

test('sendMessage outside of a task is refused', (t) => {
  t.throws(
    () => {
      sendMessage(1);
    },
    { instanceOf: InvalidStateError },
  );
});

test('what cannot be sent is refused, and the next call goes on', async (t) => {
  const captured = Math.random();
  await t.throwsAsync(
    runInWorker(() => captured, AMPLE),
    { instanceOf: NotTransferableError },
  );
  await t.throwsAsync(
    runInWorker((f: unknown) => f, { args: [() => 1], timeout: AMPLE }),
    { instanceOf: NotTransferableError },
  );
  await t.throwsAsync(
    runInWorker(() => () => 1, AMPLE),
    { instanceOf: NotTransferableError },
  );
  t.is(await runInWorker(() => 'next', AMPLE), 'next');
});

test('objects are moved by transfer', async (t) => {
  const buffer = new ArrayBuffer(8);
  const size = await runInWorker((moved: ArrayBuffer) => moved.byteLength, {
    args: [buffer],
    transfer: [buffer],
    timeout: AMPLE,
  });
  t.is(size, 8);
  t.is(buffer.byteLength, 0);
});

test('a worker that exits is noticed at once', async (t) => {
  const error = await t.throwsAsync(
    runInWorker(task<typeof tasks.exit>(TASKS, 'exit'), { args: [7], timeout: AMPLE }),
    { instanceOf: WorkerExitError },
  );
  t.is((error as WorkerExitError).exitCode, 7);
  t.is(await runInWorker(() => 'next', AMPLE), 'next');
});

test('bad options reject, and name the option', async (t) => {
  const call = runInWorker as (...args: unknown[]) => Promise<unknown>;
  for (const [options, name] of [
    [{ timeout: -1 }, 'timeout'],
    [{ timeout: 1, deadline: 1 }, 'deadline'],
    [{ args: 1 }, 'args'],
    [{ transfer: 1 }, 'transfer'],
    [{ queueTimeout: NaN }, 'queueTimeout'],
    [{ onMessage: 1 }, 'onMessage'],
    [{ resourceLimits: 1 }, 'resourceLimits'],
    [{ grace: -1 }, 'grace'],
  ] as const) {
    const error = await t.throwsAsync(call(() => 1, options));
    t.true(error instanceof InvalidOptionError, name);
    t.like(error, { code: 'ERR_HARDSTOP_INVALID_OPTION', option: name });
  }
  await t.throwsAsync(call(1, 1), { message: /`task`/ });
});

nativeTest(
  'an error that is raised in a worker of the pool ends its task, and not the worker',
  async (t) => {
    const raised = new RangeError('raised');
    const error = await t.throwsAsync(
      runInWorker(task<typeof tasks.tellAndSpin>(TASKS, 'tellAndSpin'), {
        timeout: AMPLE,
        onMessage: (message) => {
          t.true(asyncRaise((message as { threadId: number }).threadId, raised));
        },
      }),
      { instanceOf: RangeError, message: 'raised' },
    );
    t.not(error, undefined);
    t.is(await runInWorker(() => 'next', AMPLE), 'next');
  },
);

test('ten thousand tiny tasks: results complete and in order', async (t) => {
  const double = task<typeof tasks.double>(TASKS, 'double');
  const results = await Promise.all(
    Array.from({ length: 10_000 }, (_, n) => runInWorker(double, { args: [n], timeout: AMPLE })),
  );
  t.true(results.every((value, n) => value === 2 * n));
});

nativeTest('CPU time is limited across awaits, too; waiting takes none', async (t) => {
  const burn = async (): Promise<never> => {
    for (;;) {
      const end = performance.now() + 5;
      while (performance.now() < end);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const error = await timeoutFrom(t, runInWorker(burn, { cpuTimeout: 50, timeout: AMPLE }));
  t.is(error.clock, 'cpu');
  t.is(error.timeout, 50);
  t.true(error.stopped);

  const wait = (): Promise<number> => new Promise((resolve) => setTimeout(resolve, 300, 7));
  // Far more than a task takes to be loaded on a busy machine, and less than the wait would be if it counted.
  t.is(await runInWorker(wait, { cpuTimeout: 250, timeout: AMPLE }), 7);
});

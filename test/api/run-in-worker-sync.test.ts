import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import ava from 'ava';
import {
  InvalidOptionError,
  NotTransferableError,
  runInWorkerSync,
  runSync,
  StrategyUnavailableError,
  task,
  type Stage,
  Timeout,
  TimeoutError,
  WorkerExitError,
} from 'hardstop';
import type * as tasks from '../fixtures/worker/tasks.js';
import { assertNeverEarly, measure } from '../harness/never-early.js';
import { fixturePath, runFixture, runSource } from '../harness/run-fixture.js';
import { strategies } from '../harness/strategies.js';
import { waitForCondition } from '../harness/wait-for.js';

// One at a time: each blocks this thread, and is to report when it is done.
const test = ava.serial;

const TASKS = new URL('../fixtures/worker/tasks.js', import.meta.url);
/** Long enough for anything that is not meant to time out. */
const AMPLE = 60_000;

const forever = (): never => {
  for (;;);
};

const never = async (): Promise<never> => new Promise(() => undefined);

/** How a loop is stopped: inside its worker where the addon is there. */
const STOP: Stage = strategies().includes('native') ? 'interrupt' : 'terminate';

/** The timeout that ends a call in this way; on a crowded machine, where a start or a stop may take longer, not the first. */
function stopOf(stage: Stage, work: () => unknown): TimeoutError {
  let error = timeoutOf(work);
  for (let again = 0; again < 50 && error.stage !== stage; again++) error = timeoutOf(work);
  return error;
}

/** The timeout that a call throws. */
function timeoutOf(work: () => unknown): TimeoutError {
  const { error } = measure(work);
  if (!(error instanceof TimeoutError)) throw error;
  return error;
}

test('a function is run with its arguments', (t) => {
  t.is(
    runInWorkerSync((a: number, b: number) => a + b, { args: [1, 2], timeout: AMPLE }),
    3,
  );
});

test('an exported function is run by its name', (t) => {
  const add = task<typeof tasks.add>(TASKS, 'add');
  t.true(Object.isFrozen(add));
  t.is(runInWorkerSync(add, { args: [1, 2], timeout: AMPLE }), 3);
  t.is(
    runInWorkerSync(task<typeof tasks.add>(fixturePath('worker/tasks'), 'add'), {
      args: [3, 4],
      timeout: AMPLE,
    }),
    7,
  );
});

test('a promise is awaited in the worker', (t) => {
  const result: string = runInWorkerSync(
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return 'later';
    },
    { timeout: AMPLE },
  );
  t.is(result, 'later');
});

test('results are structured clones', (t) => {
  const result = runInWorkerSync(
    () => ({ when: new Date(5), map: new Map([[1, [2n]]]), none: undefined }),
    { timeout: AMPLE },
  );
  t.deepEqual(result, { when: new Date(5), map: new Map([[1, [2n]]]), none: undefined });
  t.is(
    runInWorkerSync(() => undefined, { timeout: AMPLE }),
    undefined,
  );
});

test('a buffer can be moved', (t) => {
  const buffer = new ArrayBuffer(8);
  const size = runInWorkerSync((moved: ArrayBuffer) => moved.byteLength, {
    args: [buffer],
    transfer: [buffer],
    timeout: AMPLE,
  });
  t.is(size, 8);
  t.is(buffer.byteLength, 0);
});

test('a task can import modules', (t) => {
  const result = runInWorkerSync(async () => (await import('node:os')).EOL.length > 0, {
    timeout: AMPLE,
  });
  t.true(result);
});

for (const timeout of [1.25, 20.5]) {
  test(`a loop is stopped after ${timeout} ms, never early`, (t) => {
    const call = (): never => runInWorkerSync(forever, { timeout });
    t.true(assertNeverEarly(t, timeout, call) instanceof TimeoutError);
    const { stage, stopped, strategy, elapsed } = stopOf(STOP, call);
    t.deepEqual({ stage, stopped, strategy }, { stage: STOP, stopped: true, strategy: 'worker' });
    t.true(elapsed >= timeout);
  });
}

test('a limit that is over before the task gets to its worker is never early, too', (t) => {
  const call = (): never => runInWorkerSync(forever, { timeout: 0.05 });
  t.true(assertNeverEarly(t, 0.05, call) instanceof TimeoutError);
});

test('after a stop no code of the task runs', (t) => {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const error = stopOf(STOP, () =>
    runInWorkerSync(
      (counter: Int32Array) => {
        for (;;) Atomics.add(counter, 0, 1);
      },
      { args: [shared], timeout: 10 },
    ),
  );
  t.true(error.stopped);
  const seen = Atomics.load(shared, 0);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
  t.is(Atomics.load(shared, 0), seen);
});

test('a task that waits or backtracks is stopped', (t) => {
  const waiting = (): void => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  const backtracking = (): boolean => /^(a+)+$/.test(`${'a'.repeat(50)}!`);
  for (const [work, stage] of [
    [waiting, STOP],
    [backtracking, STOP],
    // Nothing of it is on a stack that could be interrupted.
    [never, 'terminate'],
  ] as const) {
    const error = stopOf(stage, () => runInWorkerSync(work as () => unknown, { timeout: 10 }));
    t.is(error.stage, stage);
    t.true(error.stopped);
  }
});

test('microtasks that a task leaves behind belong to it', (t) => {
  const error = stopOf('terminate', () =>
    runInWorkerSync(
      () => {
        queueMicrotask(() => {
          for (;;);
        });
        return 1;
      },
      { timeout: 20 },
    ),
  );
  t.is(error.stage, 'terminate');
});

test('a thread inside a system call is reported as not stopped, and not waited for', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-'));
  const end = join(folder, 'end');
  // It can end only after the call has come back; the process could not exit before.
  t.teardown(() => {
    writeFileSync(end, '');
  });
  const error = stopOf('abandoned', () =>
    runInWorkerSync(
      (file: string) =>
        process
          .getBuiltinModule('child_process')
          .execSync('until [ -e "$END" ]; do sleep 0.05; done; rm -r "$(dirname "$END")"', {
            env: { ...process.env, END: file },
          }),
      { args: [end], timeout: 100 },
    ),
  );
  t.is(error.stage, 'abandoned');
  t.false(error.stopped);
});

test('a timeout of 0 starts nothing', (t) => {
  const error = timeoutOf(() => runInWorkerSync(forever, { timeout: 0 }));
  t.is(error.stage, 'refused');
  t.true(error.stopped);
});

for (const timeout of [undefined, null, Infinity, 2 ** 31, 2 ** 53]) {
  test(`a timeout of ${String(timeout)} lets the task end`, (t) => {
    t.is(
      runInWorkerSync(() => 1, { timeout }),
      1,
    );
  });
}

test('a deadline in place of a timeout is kept', (t) => {
  // A deadline includes the start of a worker, so that there must be one.
  runInWorkerSync(() => 1, { timeout: AMPLE });
  const deadline = performance.now() + 30;
  const error = timeoutOf(() => runInWorkerSync(forever, { deadline }));
  t.true(performance.now() >= deadline);
  t.not(error.stage, 'late');
});

test('bad options are refused', (t) => {
  for (const options of [
    { timeout: -1 },
    { timeout: '5' },
    { timeout: 5, args: 'ab' },
    { timeout: 5, resourceLimits: 5 },
    { timeout: 5, transfer: {} },
  ]) {
    t.throws(() => runInWorkerSync(() => 1, options as { timeout: number }), {
      instanceOf: InvalidOptionError as never,
    });
  }
  t.true(
    measure(() => runInWorkerSync('x' as never, { timeout: 5 })).error instanceof
      InvalidOptionError,
  );
  t.true(measure(() => task('./relative.js', 'x')).error instanceof InvalidOptionError);
  t.true(measure(() => task(TASKS, '')).error instanceof InvalidOptionError);
});

test('a worker whose task was interrupted serves the next one', (t) => {
  const whoAmI = (): number => process.getBuiltinModule('worker_threads').threadId;
  let kept = 0;
  for (let round = 0; round < 20; round++) {
    const id = runInWorkerSync(whoAmI, { timeout: AMPLE });
    const { stage } = timeoutOf(() => runInWorkerSync(forever, { timeout: 5 }));
    const next = runInWorkerSync(whoAmI, { timeout: AMPLE });
    // On a crowded machine a worker may get no core in time to answer, and is ended.
    if (stage !== 'interrupt') continue;
    t.is(next, id);
    kept++;
  }
  t.is(kept > 0, STOP === 'interrupt');
});

test('the error of an interrupted task tells where it was', (t) => {
  if (STOP === 'terminate') {
    t.pass('a thread that is ended takes its stack with it');
    return;
  }
  const error = stopOf(STOP, () =>
    runInWorkerSync(
      function stuckHere() {
        for (;;);
      },
      { timeout: 10 },
    ),
  );
  t.regex(String((error.cause as Error).stack), /stuckHere/);
});

test('the scope of a task has what is left of the limits of its caller, and its name', (t) => {
  const seen = runInWorkerSync(task<typeof tasks.readScope>(TASKS, 'readScope'), {
    timeout: AMPLE,
    name: 'read',
  });
  t.is(seen.name, 'read');
  t.true(seen.remaining <= AMPLE && seen.remaining > 0);
  const inside = runSync(
    () => runInWorkerSync(task<typeof tasks.readScope>(TASKS, 'readScope'), { timeout: Infinity }),
    AMPLE,
  );
  t.true(inside.remaining <= AMPLE);
});

test('within the grace a task may end itself at a checkpoint', (t) => {
  const error = stopOf('checkpoint', () =>
    runInWorkerSync(task<typeof tasks.checkForEver>(TASKS, 'checkForEver'), {
      timeout: 20,
      grace: AMPLE,
    }),
  );
  t.is(error.stage, 'checkpoint');
  t.true(error.stopped);
});

test('a limit on CPU time is kept inside the worker', (t) => {
  const call = (): never => runInWorkerSync(forever, { cpuTimeout: 20 });
  if (STOP === 'terminate') {
    t.throws(call, { instanceOf: StrategyUnavailableError });
    return;
  }
  const error = stopOf('interrupt', call);
  t.is(error.stage, 'interrupt');
  t.is(error.timeout, 20);
});

test('default, error and onTimeout apply', (t) => {
  let seen: unknown;
  t.is(
    runInWorkerSync(forever, { timeout: 1, default: 'd', onTimeout: (error) => (seen = error) }),
    'd',
  );
  t.true(seen instanceof TimeoutError);
  t.is(runInWorkerSync(forever, { timeout: 1, error: false }), undefined);
  t.throws(() => runInWorkerSync(forever, { timeout: 1, error: RangeError }), {
    instanceOf: RangeError,
  });
});

test('a signal that is aborted already starts nothing and throws its reason', (t) => {
  const reason = new Error('no');
  t.is(
    measure(() => runInWorkerSync(() => 1, { timeout: AMPLE, signal: AbortSignal.abort(reason) }))
      .error,
    reason,
  );
});

test('a value that comes after the deadline, within the grace, is late', (t) => {
  const error = stopOf('late', () =>
    runInWorkerSync(
      () => {
        const end = performance.now() + 40;
        while (performance.now() < end);
        return 1;
      },
      { timeout: 5, grace: AMPLE },
    ),
  );
  t.is(error.stage, 'late');
  t.true(error.stopped);
});

test('an error of the task is thrown whenever it comes', (t) => {
  const call = (): never =>
    runInWorkerSync(
      () => {
        const end = performance.now() + 40;
        while (performance.now() < end);
        throw new RangeError('late');
      },
      { timeout: 5, grace: AMPLE },
    );
  let { error } = measure(call);
  // A crowded machine may let it begin too late: not every time.
  for (let again = 0; error instanceof TimeoutError && again < 50; again++) {
    ({ error } = measure(call));
  }
  t.true(error instanceof RangeError);
  t.is((error as RangeError).message, 'late');
});

test('errors arrive with class, message, stack and cause', (t) => {
  const error = t.throws(() =>
    runInWorkerSync(
      function inner() {
        throw Object.assign(new TypeError('bad', { cause: new Error('why') }), { code: 'E' });
      },
      { timeout: AMPLE },
    ),
  );
  t.true(error instanceof TypeError);
  t.is((error as { code?: unknown }).code, 'E');
  t.is((error.cause as Error).message, 'why');
  t.regex(error.stack ?? '', /at inner /);
  const shape = t.throws(() =>
    runInWorkerSync(task<typeof tasks.throwShape>(TASKS, 'throwShape'), { timeout: AMPLE }),
  );
  t.is(shape.name, 'Shape');
  t.true(shape instanceof RangeError);
  t.regex(shape.stack ?? '', /throwShape.*tasks/);
});

test('what is thrown need not be an error', (t) => {
  const { error } = measure(() =>
    runInWorkerSync(
      () => {
        throw undefined;
      },
      { timeout: AMPLE },
    ),
  );
  t.is(error, undefined);
});

test('a captured variable is named in the error', (t) => {
  const outside = TASKS.href;
  const error = t.throws(() => runInWorkerSync(() => outside, { timeout: AMPLE }), {
    instanceOf: NotTransferableError,
    message: /`outside` from around it/,
  });
  t.is(error.cause, undefined);
});

test('a variable that is nowhere is named in the error', (t) => {
  const error = t.throws(
    // @ts-expect-error -- it is not there
    () => runInWorkerSync(() => nowhere as unknown, { timeout: AMPLE }),
    { instanceOf: NotTransferableError, message: /`nowhere`.*not defined/ },
  );
  t.true(error.cause instanceof ReferenceError);
});

test('arguments and results that cannot be cloned are refused', (t) => {
  const call = (work: () => unknown): unknown => work();
  const sent = t.throws(() => runInWorkerSync(call, { args: [() => 1], timeout: AMPLE }), {
    instanceOf: NotTransferableError,
    message: /arguments/,
  });
  t.is((sent.cause as Error).name, 'DataCloneError');
  const received = t.throws(() => runInWorkerSync(() => () => 1, { timeout: AMPLE }), {
    instanceOf: NotTransferableError,
    message: /result/,
  });
  t.is((received.cause as Error).name, 'DataCloneError');
  t.is(
    runInWorkerSync(() => 1, { timeout: AMPLE }),
    1,
  );
});

test('a module or an export that is not there is named', (t) => {
  t.throws(() => runInWorkerSync(task(new URL('nowhere.js', TASKS), 'x'), { timeout: AMPLE }), {
    instanceOf: NotTransferableError,
    message: /nowhere/,
  });
  t.throws(() => runInWorkerSync(task(TASKS, 'nothing'), { timeout: AMPLE }), {
    instanceOf: NotTransferableError,
    message: /`nothing`.*add/,
  });
  // What every object inherits is no export.
  for (const name of ['toString', 'constructor', '__proto__']) {
    t.throws(() => runInWorkerSync(task(TASKS, name), { timeout: AMPLE }), {
      instanceOf: NotTransferableError,
      message: new RegExp(`\`${name}\`.*add`),
    });
  }
});

test('a thread that exits is noticed at once, with its exit code', (t) => {
  const { error, elapsed } = measure(() =>
    runInWorkerSync(() => process.exit(7), { timeout: AMPLE }),
  );
  t.true(error instanceof WorkerExitError);
  t.is((error as WorkerExitError).exitCode, 7);
  t.true(elapsed < AMPLE / 2);
});

test('an error that nobody catches in the worker is the cause of its exit', (t) => {
  const thrower = async (): Promise<never> =>
    new Promise(() => {
      setTimeout(() => {
        throw new TypeError('lost');
      }, 1);
    });
  const rejecter = (): number => {
    void Promise.reject(new TypeError('lost'));
    return 1;
  };
  for (const work of [thrower, rejecter]) {
    const error = t.throws(() => runInWorkerSync(work as () => unknown, { timeout: AMPLE }), {
      instanceOf: WorkerExitError,
    });
    t.is(error.exitCode, 1);
    t.true(error.cause instanceof TypeError);
    t.is((error.cause as Error).message, 'lost');
  }
});

test('what a task leaves running never meets the next task', (t) => {
  for (let round = 0; round < 3; round++) {
    runInWorkerSync(
      () => {
        setInterval(() => {
          throw new Error('leftover');
        }, 1);
      },
      { timeout: AMPLE },
    );
    t.is(
      runInWorkerSync(
        async (value: number) => new Promise((resolve) => setTimeout(resolve, 20, value)),
        { args: [round], timeout: AMPLE },
      ),
      round,
    );
  }
});

test('one worker is used again and again', (t) => {
  const ids = new Set<number>();
  for (let call = 0; call < 50; call++) {
    ids.add(
      runInWorkerSync(() => process.getBuiltinModule('worker_threads').threadId, {
        timeout: AMPLE,
      }),
    );
  }
  t.is(ids.size, 1);
});

test('a worker that was ended is replaced, and there is never more than one spare', async (t) => {
  for (let round = 0; round < 5; round++)
    t.is(stopOf('terminate', () => runInWorkerSync(never, { timeout: 1 })).stage, 'terminate');
  if (!existsSync('/proc/self/task')) return;
  const { readdirSync, readFileSync } = await import('node:fs');
  const countWorkers = (): number =>
    readdirSync('/proc/self/task').filter((id) => {
      try {
        return /^(hardstop|\[worker |WorkerThread)/.test(
          readFileSync(`/proc/self/task/${id}/comm`, 'utf8'),
        );
      } catch {
        return false;
      }
    }).length;
  await waitForCondition('one worker at most', () => countWorkers() <= 2);
  t.is(
    runInWorkerSync(() => 1, { timeout: AMPLE }),
    1,
  );
});

test('a worker may use workers', (t) => {
  t.is(
    runInWorkerSync(task<typeof tasks.addInside>(TASKS, 'addInside'), {
      args: [1, 2],
      timeout: AMPLE,
    }),
    3,
  );
  // Which of the two depends on how soon a crowded machine lets the inner thread end.
  t.regex(
    runInWorkerSync(task<typeof tasks.stopInside>(TASKS, 'stopInside'), { timeout: AMPLE }),
    /^(interrupt|terminate|abandoned)$/,
  );
});

test('the deadline of a scope around it ends the task', async (t) => {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const outer = new Timeout(50);
  const error = timeoutOf(() =>
    outer.runSync(() =>
      runInWorkerSync(
        (counter: Int32Array) => {
          for (;;) Atomics.add(counter, 0, 1);
        },
        { args: [shared], timeout: AMPLE },
      ),
    ),
  );
  t.is(error.scope, outer);
  await waitForCondition('the task runs no more', async () => {
    const seen = Atomics.load(shared, 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return Atomics.load(shared, 0) === seen;
  });
  t.is(
    runSync(() => runInWorkerSync(() => 1, { timeout: AMPLE }), AMPLE),
    1,
  );
});

test('values that come around the deadline are decided by the clock', (t) => {
  let inTime = 0;
  // Once more where no answer came in time: on an overloaded machine a worker may take longer than that to start.
  const giveUpAt = performance.now() + 30_000;
  for (let round = 0; round < 40 || (inTime === 0 && performance.now() < giveUpAt); round++) {
    const { value, error, elapsed } = measure(() =>
      runInWorkerSync(
        (ms: number) => {
          const end = performance.now() + ms;
          while (performance.now() < end);
          return 'done';
        },
        { args: [round % 40], timeout: 20 },
      ),
    );
    if (value === 'done') inTime++;
    else {
      t.true(error instanceof TimeoutError);
      t.true(elapsed >= 20);
    }
  }
  t.true(inTime > 0 && inTime < 40, `${inTime} in time`);
});

test('running out of memory is an exit', async (t) => {
  // Small objects: with large ones, some Node versions abort the process instead of ending the thread.
  const { stdout } = await runSource(
    `import { runInWorkerSync } from 'hardstop';
     try {
       runInWorkerSync(() => { let list; for (;;) list = { list }; }, { timeout: 60_000, resourceLimits: { maxOldGenerationSizeMb: 16 } });
     } catch (error) { console.log(error.code, error.exitCode); }`,
  );
  t.is(stdout, 'ERR_HARDSTOP_WORKER_EXIT 1\n');
});

test('an idle process ends by itself, and process.exit is not held up', async (t) => {
  const call = `import { runInWorkerSync } from 'hardstop'; runInWorkerSync(() => 1, { timeout: 60_000 });
    try { runInWorkerSync(() => { for (;;); }, { timeout: 5 }); } catch {}
    runInWorkerSync(() => 1, { timeout: 60_000 });`;
  for (const end of ['', 'process.exit(3);', 'setTimeout(() => process.exit(3), 20);']) {
    const result = await runSource(`${call} ${end}`);
    t.false(result.timedOut);
    t.is(result.code, end === '' ? 0 : 3);
    t.is(result.stderr, '');
  }
});

test('what a task prints appears at once, even if it never ends', async (t) => {
  const result = await runSource(
    `import { runInWorkerSync } from 'hardstop';
     try { runInWorkerSync(() => { console.log('a'.repeat(100_000)); console.error('e'); for (;;); }, { timeout: 1_000 }); } catch {}
     console.log('after');
     process.exit(0);`,
  );
  t.is(result.stdout, `${'a'.repeat(100_000)}\nafter\n`);
  t.is(result.stderr, 'e\n');
});

test('a module that starts itself is held back in its worker', async (t) => {
  const result = await runFixture('worker/starts-itself');
  t.is(result.stdout, 'ERR_HARDSTOP_NOT_TRANSFERABLE\n1\n');
});

test('a preloaded module that starts a task does so once, and not again in its worker', async (t) => {
  const result = await runSource(`console.log('end')`, {
    nodeFlags: ['--import', fixturePath('worker/preload')],
  });
  t.false(result.timedOut);
  t.deepEqual(result.stdout.match(/^(value 1|end)$/gm)?.toSorted(), ['end', 'value 1']);
  t.is(result.code, 0);
});

test('workers start under every way to run a program', async (t) => {
  const body = `console.log(runInWorkerSync(() => 'ran', { timeout: 60_000 }))`;
  const asModule = `import { runInWorkerSync } from 'hardstop'; ${body}`;
  const asScript = `const { runInWorkerSync } = require('hardstop'); ${body}`;
  for (const result of [
    await runSource(asModule),
    await runSource(asScript, { type: 'commonjs' }),
    await runSource(asModule, { nodeFlags: ['--disallow-code-generation-from-strings'] }),
    await runSource(asModule, { nodeFlags: ['--expose-gc', '--max-old-space-size=200'] }),
    await runSource(asModule, { env: { NODE_OPTIONS: '--input-type=module --no-warnings' } }),
  ]) {
    t.is(result.stderr, '');
    t.is(result.stdout, 'ran\n');
  }
});

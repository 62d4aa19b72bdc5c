import { existsSync, readFileSync } from 'node:fs';
import anyTest from 'ava';
import {
  currentScope,
  NotTransferableError,
  ProcessExitError,
  runInProcess,
  runInProcessSync,
  runSync,
  task,
  Timeout,
  TimeoutError,
} from 'hardstop';
import type * as tasks from '../fixtures/isolation/tasks.js';
import { runWithin, timeoutFrom } from '../harness/async-work.js';
import { serialNativeTest } from '../harness/native-test.js';
import { runSource } from '../harness/run-fixture.js';
import { timeoutOf } from '../harness/outcome.js';
import { waitForCondition } from '../harness/wait-for.js';

// Limits strike here: one at a time.
const test = anyTest.serial;

const TASKS = new URL('../fixtures/isolation/tasks.js', import.meta.url);
/** Long enough for anything that is not meant to time out. */
const AMPLE = 60_000;

const spin = (): never => {
  for (;;);
};

/** Whether a process is there, be it as a zombie. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function childrenOf(pid: number): readonly number[] {
  const path = `/proc/${String(pid)}/task/${String(pid)}/children`;
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

test('a function is run in another process, with its arguments', async (t) => {
  const sum = await runInProcess((a: number, b: number) => a + b, { args: [1, 2], timeout: AMPLE });
  t.is(sum, 3);
  const who = await runInProcess(task<typeof tasks.whoAmI>(TASKS, 'whoAmI'), AMPLE);
  t.not(who.pid, process.pid);
});

test('results of any size arrive', async (t) => {
  const text = await runInProcess(() => 'x'.repeat(20_000_000), AMPLE);
  t.is(text.length, 20_000_000);
  t.is(await runInProcess(() => -15, AMPLE), -15);
});

test('an error of the task arrives with class, message, stack and cause', async (t) => {
  const error = await t.throwsAsync(
    runInProcess(() => {
      throw new RangeError('own', { cause: new Error('why') });
    }, AMPLE),
    { instanceOf: RangeError, message: 'own' },
  );
  t.is((error?.cause as Error).message, 'why');
});

test('a loop is stopped at the deadline without waiting for the default grace', async (t) => {
  const error = await timeoutFrom(t, runInProcess(spin, 50));
  t.is(error.strategy, 'process');
  t.true(error.stopped);
  t.true(error.elapsed >= 50);
  t.regex(error.stack as string, /run-in-process\.test/);
});

test('with no grace the process is killed at the deadline, and was reaped', async (t) => {
  let pid = 0;
  const stop = (): Promise<TimeoutError> =>
    timeoutFrom(
      t,
      runInProcess(task<typeof tasks.tellAndSpin>(TASKS, 'tellAndSpin'), {
        timeout: 500,
        grace: 0,
        onMessage: (message) => {
          ({ pid } = message as { readonly pid: number });
        },
      }),
    );
  let error = await stop();
  // A crowded machine may let it begin too late: not every time.
  for (let again = 0; error.stage === 'refused' && again < 20; again++) error = await stop();
  t.is(error.stage, 'kill');
  t.true(error.stopped);
  if (pid > 0) t.false(isThere(pid));
  t.is(await runInProcess(() => 'next', AMPLE), 'next');
});

test('what no thread can stop is ended all the same', async (t) => {
  const scope = new Timeout(AMPLE);
  const promise = scope.run(() =>
    runInProcess(task<typeof tasks.tellAndSort>(TASKS, 'tellAndSort'), {
      timeout: 2 * AMPLE,
      grace: 0,
      onMessage: () => {
        scope.reschedule(50);
      },
    }),
  );
  const error = await timeoutFrom(t, promise);
  t.is(error.scope, scope);
  t.true(error.stopped);
});

test('a program that the task waits for is ended with it', async (t) => {
  let child = 0;
  const scope = new Timeout(AMPLE);
  const promise = scope.run(async () => {
    const { pid } = await runInProcess(task<typeof tasks.whoAmI>(TASKS, 'whoAmI'), AMPLE);
    const sleeping = runInProcess(task<typeof tasks.sleepOutside>(TASKS, 'sleepOutside'), {
      timeout: 2 * AMPLE,
    });
    await waitForCondition('the program runs', () => childrenOf(pid).length > 0);
    [child = 0] = childrenOf(pid);
    scope.reschedule(50);
    await sleeping;
  });
  const error = await timeoutFrom(t, promise);
  t.true(error.stopped);
  await waitForCondition('the program has ended', () => !isThere(child));
});

test('asynchronous work is told by its signal', async (t) => {
  const error = await timeoutFrom(
    t,
    runInProcess(task<typeof tasks.tellAndWait>(TASKS, 'tellAndWait'), {
      timeout: AMPLE,
      grace: AMPLE,
      onMessage: () => currentScope()?.reschedule(50),
    }),
  );
  t.is(error.stage, 'signal');
});

test('aborting stops the task', async (t) => {
  const controller = new AbortController();
  const reason = new Error('gone');
  const promise = runInProcess(task<typeof tasks.tellAndSpin>(TASKS, 'tellAndSpin'), {
    timeout: AMPLE,
    grace: 0,
    signal: controller.signal,
    onMessage: () => {
      controller.abort(reason);
    },
  });
  t.is(await t.throwsAsync(promise), reason);
});

test('a process that exits or is killed by somebody else is noticed at once', async (t) => {
  const exited = await t.throwsAsync(
    runInProcess(task<typeof tasks.exit>(TASKS, 'exit'), { args: [7], timeout: AMPLE }),
    { instanceOf: ProcessExitError },
  );
  t.is((exited as ProcessExitError).exitCode, 7);
  const killed = await t.throwsAsync(
    runInProcess(task<typeof tasks.tellAndSpin>(TASKS, 'tellAndSpin'), {
      timeout: AMPLE,
      onMessage: (message) => {
        process.kill((message as { readonly pid: number }).pid, 'SIGKILL');
      },
    }),
    { instanceOf: ProcessExitError },
  );
  t.is((killed as ProcessExitError).signal, 'SIGKILL');
  t.is(await runInProcess(() => 'next', AMPLE), 'next');
});

test('what cannot be sent is refused, and the next call goes on', async (t) => {
  await t.throwsAsync(
    runInProcess((f: unknown) => f, { args: [() => 1], timeout: AMPLE }),
    { instanceOf: NotTransferableError },
  );
  await t.throwsAsync(
    runInProcess(() => () => 1, AMPLE),
    { instanceOf: NotTransferableError },
  );
  t.is(await runInProcess(() => 'next', AMPLE), 'next');
});

test('bad options reject, and name the option', async (t) => {
  const call = runInProcess as (...args: unknown[]) => Promise<unknown>;
  for (const [options, name] of [
    [{ timeout: -1 }, 'timeout'],
    [{ transfer: [] }, 'transfer'],
    [{ startupCounts: 1 }, 'startupCounts'],
  ] as const) {
    const error = await t.throwsAsync(call(() => 1, options));
    t.like(error, { code: 'ERR_HARDSTOP_INVALID_OPTION', option: name });
  }
});

test('a run around waits for the end of its process', async (t) => {
  const error = await timeoutFrom(
    t,
    runWithin(new Timeout(), 50, () => runInProcess(spin, { timeout: AMPLE })),
  );
  t.true(error.stopped);
});

test('runInProcessSync blocks until the task has answered', (t) => {
  const seen: unknown[] = [];
  const result = runInProcessSync(task<typeof tasks.report>(TASKS, 'report'), {
    args: [2],
    timeout: AMPLE,
    onMessage: (message) => seen.push(message),
  });
  t.is(result, 'done');
  t.deepEqual(seen, [{ step: 1 }, { step: 2 }]);
});

test('runInProcessSync ends the process at the deadline', (t) => {
  const call = (): never => runInProcessSync(spin, { timeout: 50, grace: 0 });
  let error = timeoutOf(t, call);
  // A crowded machine may let it begin too late: not every time.
  for (let again = 0; error.stage === 'refused' && again < 20; again++) error = timeoutOf(t, call);
  t.is(error.strategy, 'process');
  t.is(error.stage, 'kill');
  t.true(error.stopped);
  t.is(
    runInProcessSync(() => 'next', AMPLE),
    'next',
  );
});

test("runSync with `strategy: 'process'` runs a task there", (t) => {
  t.not(
    runSync(() => process.pid, { timeout: AMPLE, strategy: 'process' }),
    process.pid,
  );
  const error = timeoutOf(t, () => runSync(spin, { timeout: 50, strategy: 'process' }));
  t.true(error instanceof TimeoutError);
  t.is(error.strategy, 'process');
});

test('a loop is not given the default grace where nothing can interrupt it', async (t) => {
  const { code, stdout } = await runSource(
    `import { runInProcess, runInProcessSync } from 'hardstop';
     const spin = () => { for (;;); };
     for (const call of [runInProcessSync, runInProcess]) {
       let error;
       // On a crowded machine it may begin too late: not every time.
       for (let again = 0; (error?.stage ?? 'refused') === 'refused' && again < 20; again++) {
         try { await call(spin, 300); } catch (thrown) { error = thrown; }
       }
       console.log(error.stage, error.stopped, error.elapsed < 4_000);
     }`,
    { env: { HARDSTOP_DISABLE_NATIVE: '1' } },
  );
  t.is(code, 0);
  t.is(stdout, 'kill true true\nkill true true\n');
});

serialNativeTest(
  'of a task that ends as its CPU time does there is its value or a timeout, nothing else',
  async (t) => {
    const outcomes = new Set<unknown>();
    for (let i = 0; i < 100; i++) {
      try {
        outcomes.add(await runInProcess(() => 'value', { cpuTimeout: i / 2_000, timeout: AMPLE }));
      } catch (error) {
        outcomes.add(error instanceof TimeoutError ? `${error.name} of ${error.clock}` : error);
      }
    }
    t.deepEqual(
      [...outcomes].filter((outcome) => outcome !== 'value'),
      ['TimeoutError of cpu'],
    );
  },
);

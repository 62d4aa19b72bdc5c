import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import ava from 'ava';
import type { TransferableTask } from '#internal/entry/worker-messages.js';
import { ProcessExitError } from '#internal/errors/process-exit-error.js';
import { NotTransferableError } from '#internal/errors/not-transferable-error.js';
import { nativeRefusal } from '#internal/strategy/native-strategy.js';
import { processHostKind } from '#internal/strategy/process/process-host.js';
import {
  AMPLE,
  assertStopped,
  callOf,
  isAlive,
  isLinux,
  runOn,
  startHost,
  stoppedAt,
  waitForEnd,
} from '../../harness/process-host.js';
import { fixturePath, runSource } from '../../harness/run-fixture.js';

// One at a time: each starts processes.
const test = ava.serial;
const unixTest = process.platform === 'win32' ? ava.skip : test;
/** What the addon does in the child; where it is missing, force takes its place. */
const nativeTest = nativeRefusal === undefined ? test : ava.skip;
const fallbackTest = nativeRefusal === undefined ? ava.skip : test;

const fixtureTask = (exportName: string): TransferableTask => ({
  kind: 'module',
  url: pathToFileURL(fixturePath('process/tasks')).href,
  exportName,
});

test('a host runs calls one after the other in one process that is not this one', async (t) => {
  const host = await startHost(t);
  const first = await runOn(host, () => process.pid);
  const second = await runOn(host, (a: number, b: number) => [process.pid, a + b], {
    args: [1, 2],
    timeout: AMPLE,
  });
  t.like(first, { kind: 'returned', value: host.id });
  t.like(second, { kind: 'returned', value: [host.id, 3] });
  t.not(host.id, process.pid);
  t.true(host.isFree);
});

test('a host is free when it is ready, and not while it runs a call', async (t) => {
  const host = processHostKind.start({ resourceLimits: undefined, initializer: undefined });
  t.teardown(() => host.terminate());
  host.ref();
  t.false(host.isFree);
  await host.ready;
  t.true(host.isFree);
  const call = host.run(callOf(() => 1));
  t.false(host.isFree);
  t.throws(() => host.run(callOf(() => 2)), { code: 'ERR_HARDSTOP_INVALID_STATE' });
  await call.outcome;
  t.true(host.isFree);
});

test('an integer that looks like an exit code, and undefined, are results like any other', async (t) => {
  const host = await startHost(t);
  t.like(await runOn(host, () => -15), { kind: 'returned', value: -15 });
  t.like(await runOn(host, () => undefined), { kind: 'returned', value: undefined });
});

test('an error of the task arrives with its class, message, stack, cause and properties', async (t) => {
  const host = await startHost(t);
  const outcome = await runOn(host, function failing() {
    throw Object.assign(new RangeError('too far', { cause: new TypeError('inner') }), { at: 7 });
  });
  t.is(outcome.kind, 'threw');
  const { error } = outcome as { error: RangeError & { at: number } };
  t.true(error instanceof RangeError);
  t.is(error.message, 'too far');
  t.is(error.at, 7);
  t.true((error.cause as Error) instanceof TypeError);
  t.regex(error.stack ?? '', /failing/);
});

test('anything can be thrown', async (t) => {
  const host = await startHost(t);
  for (const thrown of [5, 'text', null, undefined]) {
    const outcome = await runOn(
      host,
      (value: unknown) => {
        throw value;
      },
      { args: [thrown] },
    );
    t.deepEqual(
      { kind: outcome.kind, error: (outcome as { error: unknown }).error },
      {
        kind: 'threw',
        error: thrown,
      },
    );
  }
});

test('a result that cannot be sent is an error that says so, and the process lives on', async (t) => {
  const host = await startHost(t);
  const outcome = await runOn(host, () => () => 1);
  t.is(outcome.kind, 'threw');
  t.true((outcome as { error: unknown }).error instanceof NotTransferableError);
  t.true(host.isFree);
});

test('arguments that cannot be sent are refused, and nothing is started', async (t) => {
  const host = await startHost(t);
  t.throws(() => host.run(callOf(() => 1, { args: [() => 2] })), {
    instanceOf: NotTransferableError,
  });
  t.true(host.isFree);
  t.like(await runOn(host, () => 3), { value: 3 });
});

test('cyclic objects, maps, dates, big integers and bytes pass both ways', async (t) => {
  const host = await startHost(t);
  const sent: Record<string, unknown> = {
    map: new Map([[1, new Set(['a'])]]),
    date: new Date(5),
    big: 2n ** 70n,
    bytes: new Uint8Array([1, 2, 3]),
  };
  sent['self'] = sent;
  const outcome = await runOn(host, (value: unknown) => value, { args: [sent] });
  t.deepEqual((outcome as { value: unknown }).value, sent);
});

test('200 MB of arguments and of results neither dead-lock nor count as a timeout', async (t) => {
  const host = await startHost(t);
  const size = 200e6;
  const outcome = await runOn(host, (bytes: Uint8Array) => bytes, {
    args: [new Uint8Array(size).fill(7)],
    timeout: AMPLE,
  });
  t.is(outcome.kind, 'returned');
  const { value } = outcome as { value: Uint8Array };
  t.is(value.byteLength, size);
  t.is(value[size - 1], 7);
});

test('messages of a running task arrive in order, however many', async (t) => {
  const host = await startHost(t);
  const received: unknown[] = [];
  const count = 20_000;
  const call = callOf(() => undefined, {
    args: [count],
    onMessage: (message) => received.push(message),
  });
  const outcome = await host.run({
    ...call,
    task: fixtureTask('flood'),
  }).outcome;
  t.like(outcome, { kind: 'returned', value: count });
  t.is(received.length, count);
  t.true(received.every((message, index) => message === index));
});

test('process.exit() of a task is reported at once, with its code', async (t) => {
  const host = await startHost(t);
  const outcome = await runOn(host, () => process.exit(7), { timeout: AMPLE });
  t.is(outcome.kind, 'died');
  const { error } = outcome as { error: ProcessExitError };
  t.true(error instanceof ProcessExitError);
  t.like(error, {
    code: 'ERR_HARDSTOP_PROCESS_EXIT',
    exitCode: 7,
    signal: undefined,
    pid: host.id,
  });
  t.false(host.isFree);
  await host.ended;
});

unixTest('process.abort() of a task is reported as its signal', async (t) => {
  // Its native stack is printed to the process's own standard error.
  const child = await runSource(
    `import { processHostKind } from '#internal/strategy/process/process-host.js';
     import { functionSource } from '#internal/strategy/function-source.js';
     const host = processHostKind.start({});
     host.ref();
     await host.ready;
     const { error } = await host.run({ task: functionSource(() => process.abort()), args: [], deadline: Infinity, hardDeadline: Infinity, cpuTimeout: Infinity }).outcome;
     console.log(error.signal, error.exitCode);`,
  );
  t.is(child.stdout, 'SIGABRT undefined\n');
});

unixTest('a SIGKILL from outside is reported at once', async (t) => {
  const host = await startHost(t);
  const call = host.run(
    callOf(() => new Promise(() => setInterval(() => 0, 1000)), { timeout: AMPLE }),
  );
  process.kill(host.id, 'SIGKILL');
  const outcome = await call.outcome;
  t.is(outcome.kind, 'died');
  t.like((outcome as { error: ProcessExitError }).error, {
    signal: 'SIGKILL',
    exitCode: undefined,
  });
});

test('an error that nobody caught is the cause of the ProcessExitError', async (t) => {
  // Node prints it to the process's own standard error.
  const child = await runSource(
    `import { processHostKind } from '#internal/strategy/process/process-host.js';
     import { functionSource } from '#internal/strategy/function-source.js';
     const host = processHostKind.start({});
     host.ref();
     await host.ready;
     const task = () => new Promise(() => { setImmediate(() => { throw new SyntaxError('by the way'); }); });
     const { error } = await host.run({ task: functionSource(task), args: [], deadline: Infinity, hardDeadline: Infinity, cpuTimeout: Infinity }).outcome;
     console.log(error.exitCode, error.cause instanceof SyntaxError, error.message);`,
  );
  t.regex(child.stdout, /^1 true .*: by the way\n$/);
});

unixTest('running out of memory is reported, and resourceLimits sets the limit', async (t) => {
  const child = await runSource(
    `import { processHostKind } from '#internal/strategy/process/process-host.js';
     import { functionSource } from '#internal/strategy/function-source.js';
     const host = processHostKind.start({ resourceLimits: { maxOldGenerationSizeMb: 30 } });
     host.ref();
     await host.ready;
     const fill = () => { const all = []; for (;;) all.push(new Array(1000).fill({})); };
     const { error } = await host.run({ task: functionSource(fill), args: [], deadline: Infinity, hardDeadline: Infinity, cpuTimeout: Infinity }).outcome;
     console.log(error.name, error.signal ?? error.exitCode);`,
    { timeoutMs: 60_000 },
  );
  t.regex(child.stdout, /^ProcessExitError (?:SIGABRT|SIGTRAP|SIGILL|134)\n$/);
});

nativeTest('a loop is interrupted in its process, which runs the next call', async (t) => {
  const { host, call, outcome } = await stoppedAt(t, 'interrupt', () =>
    callOf(
      () => {
        for (;;);
      },
      { timeout: 200 },
    ),
  );
  t.like(outcome, { reason: 'deadline', stage: 'interrupt', stopped: true });
  t.true(outcome.endedAt >= call.deadline);
  t.regex(outcome.stuck?.stack ?? '', /hardstop-task/);
  t.true(host.isFree);
  t.like(await runOn(host, () => process.pid), { value: host.id });
});

nativeTest('with a grace that was asked for, a loop has it', async (t) => {
  const { host, outcome } = await stoppedAt(t, 'late', () =>
    callOf(
      (ms: number) => {
        const end = Date.now() + ms;
        while (Date.now() < end);
        return 'done';
      },
      { args: [400], timeout: 100, grace: AMPLE },
    ),
  );
  t.like(outcome, { reason: 'deadline', stage: 'late', stopped: true });
  t.true(host.isFree);
});

fallbackTest('without the addon a loop ends with its process, at the hard deadline', async (t) => {
  const { host, call, outcome } = await stoppedAt(t, 'kill', () =>
    callOf(
      () => {
        for (;;);
      },
      { timeout: 200, grace: 100 },
    ),
  );
  t.like(outcome, { reason: 'deadline', stage: 'kill', stopped: true });
  t.true(outcome.endedAt >= call.hardDeadline);
  t.false(isAlive(host.id));
});

test('with a grace of 0 the process is killed at the deadline, and reaped before the outcome', async (t) => {
  const { host, call, outcome } = await stoppedAt(t, 'kill', () =>
    callOf(
      () => {
        for (;;);
      },
      { timeout: 200, grace: 0 },
    ),
  );
  t.like(outcome, { reason: 'deadline', stage: 'kill', stopped: true });
  t.true(outcome.endedAt >= call.deadline);
  t.throws(() => process.kill(host.id, 0), { code: 'ESRCH' });
  t.false(host.isFree);
});

test('an asynchronous task that does not listen is killed at the hard deadline', async (t) => {
  const { host, call, outcome } = await stoppedAt(t, 'kill', () =>
    callOf(() => new Promise(() => setInterval(() => 0, 1000)), { timeout: 200, grace: 100 }),
  );
  t.like(outcome, { reason: 'deadline', stage: 'kill', stopped: true });
  t.true(outcome.endedAt >= call.hardDeadline);
  t.throws(() => process.kill(host.id, 0), { code: 'ESRCH' });
});

test("the task's own SIGTERM listeners are called at the deadline", async (t) => {
  const { call, outcome } = await stoppedAt(t, 'signal', () =>
    callOf(
      () =>
        new Promise((resolve) => {
          const timer = setInterval(() => 0, 1000);
          process.once('SIGTERM', () => {
            clearInterval(timer);
            resolve('told');
          });
        }),
      { timeout: 200, grace: AMPLE },
    ),
  );
  t.like(outcome, { reason: 'deadline', stage: 'signal', stopped: true });
  t.true(outcome.endedAt >= call.deadline);
});

test("a task's scope has the caller's remaining time, and its signal aborts at the deadline", async (t) => {
  const host = await startHost(t);
  const call = callOf(() => undefined, { timeout: AMPLE });
  const outcome = await host.run({ ...call, task: fixtureTask('remaining') }).outcome;
  t.is(outcome.kind, 'returned');
  const { value } = outcome as { value: number };
  t.true(value > 0 && value <= AMPLE, String(value));
  const stopped = await stoppedAt(t, 'signal', () => ({
    ...callOf(() => undefined, { timeout: 200, grace: AMPLE }),
    task: fixtureTask('cleanUp'),
  }));
  t.like(stopped.outcome, { reason: 'deadline', stage: 'signal', stopped: true });
  t.true(stopped.host.isFree);
});

nativeTest(
  'a loop that has used up its CPU time is stopped, and its process lives on',
  async (t) => {
    const spin = (): never => {
      for (;;);
    };
    const { host, outcome } = await stoppedAt(t, 'interrupt', () =>
      callOf(spin, { cpuTimeout: 100 }),
    );
    t.like(outcome, { reason: 'cpu', stage: 'interrupt', stopped: true });
    t.true(host.isFree);
  },
);

(isLinux && nativeRefusal === undefined ? test : ava.skip)(
  'a built-in that goes on after its CPU time is killed',
  async (t) => {
    const host = await startHost(t);
    const hash = (): unknown =>
      process
        .getBuiltinModule('node:crypto')
        .pbkdf2Sync('password', 'salt', 2 ** 31 - 1, 64, 'sha512');
    const outcome = assertStopped(t, await runOn(host, hash, { cpuTimeout: 100 }));
    t.like(outcome, { reason: 'cpu', stage: 'kill', stopped: true });
    t.false(isAlive(host.id));
  },
);

test('stop() gives the task until the hard deadline', async (t) => {
  const host = await startHost(t);
  const call = host.run(callOf(() => new Promise(() => setInterval(() => 0, 1000))));
  await delay(20);
  const hardDeadline = performance.now() + 100;
  call.stop(hardDeadline);
  const outcome = assertStopped(t, await call.outcome);
  t.like(outcome, { reason: 'asked', stage: 'kill', stopped: true });
  t.true(outcome.endedAt >= hardDeadline);
});

test('stop() with a hard deadline that has passed kills at once', async (t) => {
  const host = await startHost(t);
  const call = host.run(
    callOf(() => {
      for (;;);
    }),
  );
  call.stop(performance.now());
  t.like(assertStopped(t, await call.outcome), { reason: 'asked', stage: 'kill', stopped: true });
  t.throws(() => process.kill(host.id, 0), { code: 'ESRCH' });
});

test('a loop that is told to stop is killed soon where no grace was asked for, as it cannot hear', async (t) => {
  const host = await startHost(t);
  const call = host.run(
    callOf(
      () => {
        for (;;);
      },
      { timeout: AMPLE },
    ),
  );
  call.stop(performance.now() + AMPLE);
  t.like(assertStopped(t, await call.outcome), { reason: 'asked', stage: 'kill', stopped: true });
});

test('moved deadlines count, later and earlier ones', async (t) => {
  const host = await startHost(t);
  const wait = (ms: number): Promise<string> =>
    new Promise((resolve) => setTimeout(resolve, ms, 'slept'));
  // What a busy machine may keep the process from hearing of it is less.
  const later = host.run(callOf(wait, { args: [1_500], timeout: 1_000, grace: 0 }));
  later.moveDeadlines(performance.now() + AMPLE, performance.now() + AMPLE);
  t.like(await later.outcome, { kind: 'returned', value: 'slept' });
  const earlier = host.run(callOf(wait, { args: [AMPLE], timeout: AMPLE, grace: 0 }));
  const deadline = performance.now() + 50;
  earlier.moveDeadlines(deadline, deadline);
  const outcome = assertStopped(t, await earlier.outcome);
  t.like(outcome, { reason: 'deadline', stopped: true });
  t.true(outcome.endedAt >= deadline);
});

nativeTest('a call without a deadline can be given one', async (t) => {
  const host = await startHost(t);
  const call = host.run(
    callOf(() => new Promise(() => setInterval(() => 0, 1000)), { grace: 100 }),
  );
  await delay(20);
  const deadline = performance.now() + 100;
  call.moveDeadlines(deadline, deadline + 100);
  const outcome = assertStopped(t, await call.outcome);
  t.like(outcome, { reason: 'deadline', stage: 'kill', stopped: true });
  t.true(outcome.endedAt >= deadline + 100);
});

test('what a task leaves running ends with its process', async (t) => {
  const host = await startHost(t);
  const outcome = await runOn(host, () => {
    setInterval(() => undefined, 1000);
    return process.pid;
  });
  t.like(outcome, { kind: 'returned', value: host.id });
  t.false(host.isFree);
  await host.ended;
  t.false(isAlive(host.id));
});

test('a task finds no channel to a parent', async (t) => {
  const host = await startHost(t);
  t.like(await runOn(host, () => typeof process.send), { value: 'undefined' });
});

test('the initialiser is loaded before the first call', async (t) => {
  const initializer = `data:text/javascript,${encodeURIComponent('globalThis.prepared = 42')}`;
  const host = await startHost(t, { initializer });
  const outcome = await runOn(host, () => (globalThis as { prepared?: number }).prepared);
  t.like(outcome, { kind: 'returned', value: 42 });
});

test('an initialiser that throws makes the host fail with its error', async (t) => {
  const initializer = `data:text/javascript,${encodeURIComponent('throw new RangeError("no")')}`;
  const host = processHostKind.start({ resourceLimits: undefined, initializer });
  host.ref();
  await t.throwsAsync(host.ready, { instanceOf: RangeError, message: 'no' });
  await host.ended;
  t.false(isAlive(host.id));
});

test('close() lets an idle process end, terminate() ends a busy one', async (t) => {
  const idle = await startHost(t);
  await idle.close();
  t.false(isAlive(idle.id));
  t.false(idle.isFree);
  const busy = await startHost(t);
  const call = busy.run(
    callOf(() => {
      for (;;);
    }),
  );
  await busy.terminate();
  t.like(assertStopped(t, await call.outcome), { reason: 'asked', stage: 'kill', stopped: true });
  t.false(isAlive(busy.id));
});

test('an idle process keeps nobody alive, and ends with its owner', async (t) => {
  const child = await runSource(
    `import { processHostKind } from '#internal/strategy/process/process-host.js';
     const host = processHostKind.start({});
     host.ref();
     await host.ready;
     console.log(host.id);
     host.unref();`,
  );
  t.false(child.timedOut);
  t.is(child.code, 0);
  await waitForEnd(Number(child.stdout));
});

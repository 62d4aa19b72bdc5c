// Calls in a process by a caller that blocks.
import ava, { type ExecutionContext } from 'ava';
import { runSync } from '#internal/api/run-sync.js';
import { NotTransferableError } from '#internal/errors/not-transferable-error.js';
import { ProcessExitError } from '#internal/errors/process-exit-error.js';
import { TimeoutError } from '#internal/errors/timeout-error.js';
import { functionSource } from '#internal/strategy/function-source.js';
import { nativeRefusal } from '#internal/strategy/native-strategy.js';
import {
  abandonProcess,
  prepareProcess,
  processStrategy,
  type ProcessWork,
} from '#internal/strategy/process/process-strategy.js';
import { STOPPED, type Stop } from '#internal/strategy/strategy.js';
import { AMPLE, isAlive, isLinux, waitForEnd, zombiesOf } from '../../harness/process-host.js';
import { runSource } from '../../harness/run-fixture.js';

const test = ava.serial;
const nativeTest = nativeRefusal === undefined ? test : ava.skip;

function workOf(
  work: (...args: never[]) => unknown,
  options: Partial<ProcessWork> = {},
): ProcessWork {
  return {
    task: functionSource(work),
    args: [],
    options: { resourceLimits: undefined, initializer: undefined },
    hasGrace: false,
    name: undefined,
    onMessage: undefined,
    ...options,
  };
}

function runBlocking(
  work: ProcessWork,
  timeout: number = Infinity,
  grace: number = AMPLE,
): { readonly value: unknown; readonly deadline: number; readonly stop: Stop | undefined } {
  prepareProcess(work, Infinity);
  const deadline = performance.now() + timeout;
  const value = processStrategy.run(
    work,
    undefined,
    deadline,
    deadline + grace,
    Infinity,
    Infinity,
    grace,
  );
  return { value, deadline, stop: value === STOPPED ? processStrategy.lastStop() : undefined };
}

function stopOf(t: ExecutionContext, run: ReturnType<typeof runBlocking>): Stop {
  t.is(run.value, STOPPED);
  const stop = run.stop as Stop;
  t.true(stop.endedAt >= run.deadline - 0.01);
  return stop;
}

/** A loop that is stopped at that stage. On a crowded machine its process may take it, or answer, too late: then once more. */
function loopStoppedAt(t: ExecutionContext, stage: Stop['stage'], grace?: number): Stop {
  for (let again = 0; ; again++) {
    const loop = workOf(() => {
      for (;;);
    });
    const stop = stopOf(t, runBlocking(loop, 200, grace));
    if (stop.stage === stage || again === 20) return stop;
  }
}

test('a call blocks and returns the value of its task', (t) => {
  const run = runBlocking(
    workOf((a: number, b: number) => a + b, { args: [1, 2] }),
    AMPLE,
  );
  t.is(run.value, 3);
});

test('calls that end leave their process for the next one', (t) => {
  const first = runBlocking(workOf(() => process.pid)).value as number;
  t.is(runBlocking(workOf(() => process.pid)).value, first);
  t.not(first, process.pid);
});

test('a promise is awaited in the process', (t) => {
  const slow = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 20, 'slow'));
  t.is(runBlocking(workOf(slow), AMPLE).value, 'slow');
});

test("the task's error is thrown here", (t) => {
  const failing = workOf(() => {
    throw new RangeError('too far');
  });
  t.throws(() => runBlocking(failing), { instanceOf: RangeError, message: 'too far' });
});

test('200 MB come back', (t) => {
  const run = runBlocking(workOf(() => Buffer.alloc(200e6, 7)));
  t.is((run.value as Uint8Array).byteLength, 200e6);
});

nativeTest('a loop is interrupted, and its process takes the next call', (t) => {
  const { value: pid } = runBlocking(workOf(() => process.pid));
  const stop = loopStoppedAt(t, 'interrupt');
  t.like(stop, { reason: 'timeout', stage: 'interrupt', stopped: true });
  t.regex(stop.stuck?.stack ?? '', /hardstop-task/);
  t.is(runBlocking(workOf(() => process.pid)).value, pid);
});

test('with a grace of 0 its process is killed and reaped before the call returns', (t) => {
  const { value: pid } = runBlocking(workOf(() => process.pid));
  const stop = loopStoppedAt(t, 'kill', 0);
  t.like(stop, { reason: 'timeout', stage: 'kill', stopped: true });
  t.throws(() => process.kill(pid as number, 0), { code: 'ESRCH' });
  if (isLinux) t.deepEqual(zombiesOf(process.pid), []);
});

test('a deadline that has passed starts nothing', (t) => {
  const value = processStrategy.run(
    workOf(() => 1),
    undefined,
    performance.now(),
    performance.now(),
    Infinity,
    Infinity,
  );
  t.is(value, STOPPED);
  t.like(processStrategy.lastStop(), { stage: 'refused', stopped: true });
});

test('a process that ends by itself is reported at once', (t) => {
  const error = t.throws(
    () =>
      runBlocking(
        workOf(() => process.exit(9)),
        AMPLE,
      ),
    {
      instanceOf: ProcessExitError,
    },
  );
  t.is(error?.exitCode, 9);
  t.is(runBlocking(workOf(() => 'next')).value, 'next');
});

test('arguments and results that cannot be sent are refused', (t) => {
  const expectation = { instanceOf: NotTransferableError };
  t.throws(() => runBlocking(workOf(() => 1, { args: [() => 2] })), expectation);
  t.throws(() => runBlocking(workOf(() => () => 1)), expectation);
});

nativeTest('the hard stop of a scope around ends the process too', (t) => {
  const pid = runBlocking(workOf(() => process.pid)).value as number;
  const stopAround = (): void => {
    const work = workOf(() => {
      for (;;);
    });
    t.throws(
      () =>
        runSync((scope) => {
          scope.defer(() => {
            abandonProcess(work);
          });
          processStrategy.run(work, undefined, Infinity, Infinity, Infinity, Infinity);
        }, 100),
      { instanceOf: TimeoutError },
    );
  };
  stopAround();
  // On a crowded machine the stop may have come before the call: not every time.
  for (let again = 0; isAlive(pid) && again < 20; again++) stopAround();
  t.false(isAlive(pid));
  t.is(runBlocking(workOf(() => 'next')).value, 'next');
});

test('the hard deadline of a scope around counts', (t) => {
  prepareProcess(
    workOf(() => 1),
    Infinity,
  );
  const enclosing = performance.now() + 50;
  const work = workOf(() => new Promise(() => setInterval(() => 0, 1000)));
  const value = processStrategy.run(work, undefined, Infinity, Infinity, enclosing, Infinity);
  t.is(value, STOPPED);
  t.true(processStrategy.lastStop().endedAt >= enclosing - 0.01);
});

test('an initialiser that throws is thrown here', (t) => {
  const initializer = `data:text/javascript,${encodeURIComponent('throw new RangeError("no")')}`;
  const work = workOf(() => 1, { options: { resourceLimits: undefined, initializer } });
  t.throws(() => runBlocking(work), { instanceOf: RangeError, message: 'no' });
});

test('a program that ends right behind a call ends, and so does its process', async (t) => {
  const child = await runSource(
    `import { prepareProcess, processStrategy } from '#internal/strategy/process/process-strategy.js';
     const work = { task: { kind: 'source', program: '(() => process.pid)', form: 'function' }, args: [], options: {}, hasGrace: false };
     prepareProcess(work, Infinity);
     console.log(processStrategy.run(work, undefined, Infinity, Infinity, Infinity, Infinity));`,
  );
  t.false(child.timedOut);
  t.is(child.code, 0);
  const pid = Number(child.stdout);
  t.true(pid > 0);
  await waitForEnd(pid);
});

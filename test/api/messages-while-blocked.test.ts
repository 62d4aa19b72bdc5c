import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest from 'ava';
import {
  currentScope,
  runInProcessSync,
  runInWorkerSync,
  runSync,
  task,
  TimeoutError,
  type Timeout,
} from 'hardstop';
import type * as tasks from '../fixtures/isolation/tasks.js';
import { sleep } from '../harness/work.js';

// Each blocks this thread.
const test = anyTest.serial;

const TASKS = new URL('../fixtures/isolation/tasks.js', import.meta.url);
/** Long enough for anything that is not meant to time out. */
const AMPLE = 60_000;

const awaitFile = task<typeof tasks.awaitFile>(TASKS, 'awaitFile');
const countUp = task<typeof tasks.countUp>(TASKS, 'countUp');
const flood = task<typeof tasks.flood>(TASKS, 'flood');

const forever = (): never => {
  for (;;);
};

/** What both have in common. */
type RunBlocking = typeof runInWorkerSync & typeof runInProcessSync;

for (const [kind, runBlocking] of [
  ['worker', runInWorkerSync as RunBlocking],
  ['process', runInProcessSync as RunBlocking],
] as const) {
  test(`a caller that blocks hears messages while the task runs [${kind}]`, (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'hardstop-'));
    const path = join(directory, 'heard');
    const heard: unknown[] = [];
    try {
      const value = runBlocking(awaitFile, {
        args: [path],
        timeout: AMPLE,
        onMessage: (message) => {
          heard.push(message);
          // What the task waits for.
          writeFileSync(path, '');
        },
      });
      t.is(value, 'seen');
      t.deepEqual(heard, ['begun']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test(`it hears them in order, all of them before the result [${kind}]`, (t) => {
    const heard: unknown[] = [];
    const value = runBlocking(countUp, {
      args: [1_000],
      timeout: AMPLE,
      onMessage: (message) => heard.push(message),
    });
    t.is(value, 'counted');
    t.deepEqual(
      heard,
      heard.map((_, n) => n),
    );
    t.is(heard.length, 1_000);
  });

  test(`the callback runs in the scope of its call, and may make calls of its own [${kind}]`, (t) => {
    const heard: unknown[] = [];
    runBlocking(countUp, {
      args: [2],
      timeout: AMPLE,
      name: 'outer',
      onMessage: (n) => {
        heard.push([currentScope()?.name, runBlocking(() => 'inner', AMPLE), n]);
      },
    });
    t.deepEqual(heard, [
      ['outer', 'inner', 0],
      ['outer', 'inner', 1],
    ]);
    t.is(currentScope(), undefined);
  });

  test(`a call of the callback's that the limit around it stops does not blame its own [${kind}]`, (t) => {
    let inner: unknown;
    runBlocking(countUp, { args: [1], timeout: AMPLE });
    const call = (): never =>
      runBlocking(flood, {
        timeout: 1_000,
        grace: 0,
        name: 'outer',
        onMessage: () => {
          try {
            runInWorkerSync(forever, { timeout: AMPLE, name: 'inner' });
          } catch (error) {
            inner = error;
            throw error;
          }
        },
      });
    const error = t.throws(call, { instanceOf: TimeoutError });
    t.is(inner, error);
    t.is((error?.scope as Timeout).state, 'timed_out');
    t.is((error?.scope as Timeout).name, 'outer');
    t.is(error?.timeout, 1_000);
  });

  test(`work in the callback keeps its own limit, also where that is later than the one around [${kind}]`, (t) => {
    const inner: unknown[] = [];
    runBlocking(countUp, { args: [1], timeout: AMPLE });
    const call = (): never =>
      runBlocking(flood, {
        timeout: 1_000,
        grace: 0,
        onMessage: () => {
          if (inner.length > 0) return;
          inner.push(
            t.throws(() => runSync(forever, 1_200), { instanceOf: TimeoutError })?.timeout,
          );
        },
      });
    t.is(t.throws(call, { instanceOf: TimeoutError })?.timeout, 1_000);
    t.deepEqual(inner, [1_200]);
  });

  test(`what the callback throws ends the task and is thrown [${kind}]`, (t) => {
    const error = new RangeError('enough');
    let calls = 0;
    const call = (): never =>
      runBlocking(flood, {
        timeout: AMPLE,
        grace: 0,
        onMessage: () => {
          calls++;
          throw error;
        },
      });
    t.is(t.throws(call, { instanceOf: RangeError }), error);
    t.is(calls, 1);
    t.is(
      runBlocking(() => 'next', AMPLE),
      'next',
    );
  });

  test(`the callback may abort the signal of its call, which ends the task [${kind}]`, (t) => {
    const controller = new AbortController();
    let calls = 0;
    const call = (): never =>
      runBlocking(flood, {
        timeout: AMPLE,
        grace: 0,
        signal: controller.signal,
        onMessage: () => {
          calls++;
          controller.abort();
        },
      });
    t.is(t.throws(call, { any: true }), controller.signal.reason);
    t.is(calls, 1);
  });

  test(`a flood of messages does not keep the caller of a task that was stopped [${kind}]`, (t) => {
    let calls = 0;
    const call = (): never =>
      runBlocking(flood, {
        timeout: 300,
        grace: 0,
        onMessage: () => {
          calls++;
          // All that were sent by then would take minutes.
          sleep(10);
        },
      });
    const error = t.throws(call, { instanceOf: TimeoutError });
    t.true(error?.stopped);
    t.true(calls < 6_000);
  });
}

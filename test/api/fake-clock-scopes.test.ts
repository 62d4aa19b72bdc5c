import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import {
  currentScope,
  deadlineHeaders,
  InvalidStateError,
  isTimeoutError,
  run,
  runSync,
  scopeFromHeaders,
  Timeout,
  TimeoutError,
} from 'hardstop';
import { installFakeClock, type FakeClock, type FakeClockOptions } from 'hardstop/testing';
import { timeoutOf } from '../harness/outcome.js';
import { strategies } from '../harness/strategies.js';
import { loopForever } from '../harness/work.js';

// Scopes under the fake clock. A process has one clock: all tests are serial.

const HOUR = 3_600_000;

/** A clock for one test, and nothing left behind by it. */
function clockFor(t: ExecutionContext, options?: FakeClockOptions): FakeClock {
  const clock = installFakeClock(options);
  t.teardown(() => clock.uninstall());
  return clock;
}

const serialNativeTest = strategies().includes('native') ? test.serial : test.serial.skip;

const forever = (): Promise<never> => new Promise(() => {});

test.serial('a timeout of an hour takes no time', async (t) => {
  const clock = clockFor(t);
  const startedAt = performance.now();
  const outcome = t.throwsAsync(run(forever, HOUR), { instanceOf: TimeoutError });
  t.is(clock.nextDeadline, HOUR);
  t.is(clock.pendingCount, 1);
  t.is(await clock.jump(), HOUR);
  const error = await outcome;
  t.is(error?.timeout, HOUR);
  t.is(error?.elapsed, HOUR);
  t.true(performance.now() - startedAt < HOUR / 100);
  t.is(clock.pendingCount, 0);
});

test.serial('without a move of time nothing expires', async (t) => {
  const clock = clockFor(t);
  const outcome = run(forever, { timeout: 1, default: 'expired' });
  await delay(20);
  t.is(clock.pendingCount, 1);
  await clock.advance(0.999);
  t.is(clock.pendingCount, 1);
  await clock.advance(0.001);
  t.is(await outcome, 'expired');
});

test.serial('work that ends before its deadline has its value', async (t) => {
  const clock = clockFor(t);
  let finish: ((value: string) => void) | undefined;
  const outcome = run(() => new Promise<string>((resolve) => (finish = resolve)), 100);
  await clock.advance(99.5);
  finish?.('value');
  t.is(await outcome, 'value');
  await clock.advance(100);
  t.is(clock.pendingCount, 0);
});

test.serial(
  'a value that comes at the deadline or later is late, whatever the real clock says',
  async (t) => {
    const clock = clockFor(t);
    let finish: ((value: string) => void) | undefined;
    const outcome = run(() => new Promise<string>((resolve) => (finish = resolve)), 100);
    await Promise.all([clock.advance(100), t.throwsAsync(outcome, { instanceOf: TimeoutError })]);
    finish?.('value');
  },
);

test.serial('the members of a scope read the fake clock', async (t) => {
  const clock = clockFor(t, { start: 1_000 });
  const scope = new Timeout(50);
  const outcome = scope.run(forever).catch(isTimeoutError);
  t.is(scope.deadline, 1_050);
  await clock.advance(20);
  t.is(scope.elapsed(), 20);
  t.is(scope.remaining(), 30);
  t.false(scope.expired);
  scope.reschedule(100);
  t.is(scope.deadline, 1_120);
  t.is(clock.nextDeadline, 1_120);
  await clock.advance(99);
  t.is(scope.state, 'executing');
  await clock.advance(1);
  t.true(await outcome);
  t.is(scope.state, 'timed_out');
});

test.serial('a cancelled scope is not waited for', async (t) => {
  const clock = clockFor(t);
  const scope = new Timeout(50);
  let finish: ((value: number) => void) | undefined;
  const outcome = scope.run(() => new Promise<number>((resolve) => (finish = resolve)));
  scope.cancel();
  t.is(clock.pendingCount, 0);
  await clock.advance(100);
  finish?.(1);
  t.is(await outcome, 1);
});

test.serial(
  'scopes expire in the order of their deadlines, and see the time at which they do',
  async (t) => {
    const clock = clockFor(t);
    const seen: string[] = [];
    const noting = async (timeout: number): Promise<void> => {
      await run(forever, { timeout, error: false });
      seen.push(`${String(timeout)} at ${String(clock.now())}`);
    };
    const all = Promise.all([30, 10, 20.5, 10.25].map(noting));
    await clock.advance(25);
    t.deepEqual(seen, ['10 at 10', '10.25 at 10.25', '20.5 at 20.5']);
    await clock.advance(5);
    await all;
    t.is(seen.length, 4);
  },
);

test.serial('a retry loop runs in one advance', async (t) => {
  const clock = clockFor(t);
  const attempts: number[] = [];
  const retrying = async (): Promise<string> => {
    for (let attempt = 1; attempt <= 4; attempt++) {
      attempts.push(clock.now());
      const answer = await run(forever, { timeout: 10 * 2 ** attempt, default: undefined });
      if (answer !== undefined) return answer;
    }
    return 'gave up';
  };
  const outcome = retrying();
  await clock.advance(HOUR);
  t.is(await outcome, 'gave up');
  t.deepEqual(attempts, [0, 20, 60, 140]);
  t.is(clock.now(), HOUR);
});

test.serial('the outermost of equal deadlines wins', async (t) => {
  const clock = clockFor(t);
  const outer = new Timeout(10);
  const inner = new Timeout(10);
  const outcome = t.throwsAsync(
    outer.run(() => inner.run(forever)),
    { instanceOf: TimeoutError },
  );
  await clock.advance(10);
  t.is((await outcome)?.scope, outer);
});

test.serial(
  'whoever is told of the expiry finds the scope expired, by the outermost of equal deadlines',
  async (t) => {
    const clock = clockFor(t, { start: 0.1 });
    const outer = new Timeout(10);
    const inner = new Timeout(10);
    const seen: unknown[] = [];
    const outcome = t.throwsAsync(
      outer.run(() =>
        inner.run((scope) => {
          scope.signal.addEventListener('abort', () => {
            seen.push(scope.expired, scope.remaining(), scope.elapsed(), scope.deadline);
            seen.push(timeoutOf(t, () => scope.checkpoint()).scope);
          });
          return forever();
        }),
      ),
      { instanceOf: TimeoutError },
    );
    await clock.advance(10);
    await outcome;
    t.deepEqual(seen, [true, 0, 10, 10.1, outer]);
  },
);

test.serial('a coroutine is thrown its timeout at the yield', async (t) => {
  const clock = clockFor(t);
  const order: string[] = [];
  const outcome = t.throwsAsync(
    run(function* () {
      try {
        yield forever();
      } finally {
        order.push(`finally at ${String(clock.now())}`);
      }
    }, 40),
    { instanceOf: TimeoutError },
  );
  await clock.advance(100);
  await outcome;
  t.deepEqual(order, ['finally at 40']);
});

test.serial('the grace is counted on the fake clock', async (t) => {
  const clock = clockFor(t);
  const scope = new Timeout(10, { grace: 5 });
  let aborted = -1;
  const outcome = t.throwsAsync(
    scope.run((running) => {
      running.signal.addEventListener('abort', () => (aborted = clock.now()));
      return forever();
    }),
    { instanceOf: TimeoutError },
  );
  await clock.advance(14);
  t.is(aborted, 10);
  t.is(scope.state, 'executing');
  await clock.advance(1);
  const error = await outcome;
  t.false(error?.stopped);
});

test.serial('`deadline` is an instant on the fake clock', async (t) => {
  const clock = clockFor(t, { start: 500 });
  const outcome = run(forever, { deadline: 530, default: 'expired' });
  t.is(await clock.jump(), 30);
  t.is(await outcome, 'expired');
});

test.serial('a deadline that has passed strikes without a move', async (t) => {
  const clock = clockFor(t, { start: 500 });
  t.is(await run(forever, { deadline: 400, default: 'expired' }), 'expired');
  t.is(await run(forever, { timeout: 0, default: 'expired' }), 'expired');
  t.is(clock.now(), 500);
});

test.serial('what travels is what is left on the fake clock', async (t) => {
  const clock = clockFor(t);
  const outcome = run(
    async () => {
      await Promise.resolve();
      await clock.advance(250);
      const headers = deadlineHeaders();
      t.deepEqual(headers, { 'grpc-timeout': '750000u' });
      t.is(scopeFromHeaders(headers, { deadline: 5_000 }).deadline, 1_000);
      return currentScope() !== undefined;
    },
    { timeout: 1_000 },
  );
  t.true(await outcome);
});

serialNativeTest('synchronous code is stopped in real time', async (t) => {
  const clock = clockFor(t);
  const startedAt = performance.now();
  await t.throwsAsync(run(loopForever, 30), { instanceOf: TimeoutError });
  t.true(performance.now() - startedAt >= 30);
  timeoutOf(t, () => runSync(loopForever, 20));
  t.is(clock.now(), 0);
});

test.serial('it comes while no scope waits, and leaves none waiting', async (t) => {
  const finish: ((value: unknown) => void)[] = [];
  const unfinished = (): Promise<unknown> => new Promise((resolve) => finish.push(resolve));
  const onRealClock = run(unfinished, HOUR);
  t.throws(() => installFakeClock(), { instanceOf: InvalidStateError });
  finish[0]?.(1);
  await onRealClock;
  const clock = clockFor(t);
  const onFakeClock = run(unfinished, { timeout: HOUR, default: 'expired' });
  clock.uninstall();
  t.is(await onFakeClock, 'expired');
  await t.throwsAsync(run(forever, 5), { instanceOf: TimeoutError });
});

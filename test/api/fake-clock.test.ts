import test, { type ExecutionContext } from 'ava';
import {
  installFakeClock,
  type FakeClock,
  type FakeClockOptions,
} from '#internal/api/testing/fake-clock.js';
import { asyncNow } from '#internal/core/async-clock.js';
import { arm, armedCount, disarm, type Expiring } from '#internal/core/expiry.js';
import { InvalidOptionError } from '#internal/errors/invalid-option-error.js';
import { InvalidStateError } from '#internal/errors/invalid-state-error.js';

// The clock alone; what scopes do under it is in fake-clock-scopes.test.ts. A process has one clock: all tests are serial.

/** Stands for a scope: notes when it expires. */
class Waiting implements Expiring {
  deadline: number;
  readonly nesting: number;
  position = -1;
  readonly expiredAt: number[] = [];
  readonly #then: ((entry: Waiting) => void) | undefined;

  constructor(deadline: number, nesting = 0, then?: (entry: Waiting) => void) {
    this.deadline = deadline;
    this.nesting = nesting;
    this.#then = then;
    arm(this);
  }

  expire(): void {
    this.expiredAt.push(asyncNow());
    this.#then?.(this);
  }
}

/** A clock for one test, and nothing left behind by it. */
function clockFor(t: ExecutionContext, options?: FakeClockOptions): FakeClock {
  const clock = installFakeClock(options);
  t.teardown(() => clock.uninstall());
  return clock;
}

test.serial('it stands still', async (t) => {
  const clock = clockFor(t);
  t.is(clock.now(), 0);
  t.is(asyncNow(), 0);
  await new Promise((resolve) => setTimeout(resolve, 5));
  t.is(asyncNow(), 0);
});

test.serial('it begins where it is told to', (t) => {
  t.is(clockFor(t, { start: 1_000.5 }).now(), 1_000.5);
});

test.serial('`start` is a finite number', (t) => {
  for (const [options, option] of [
    [{ start: NaN }, 'start'],
    [{ start: Infinity }, 'start'],
    [{ start: '5' }, 'start'],
    [{ start: null }, 'start'],
    [null, 'options'],
    [5, 'options'],
  ] as const) {
    const error = t.throws(() => installFakeClock(options as FakeClockOptions), {
      instanceOf: InvalidOptionError,
    });
    t.is(error.option, option);
  }
  t.true(asyncNow() > 0, 'a refused clock is not installed');
});

test.serial(
  'what is due is struck with the clock exactly at its deadline, the earliest first',
  async (t) => {
    const clock = clockFor(t);
    const order: string[] = [];
    const noting =
      (name: string) =>
      ({ expiredAt }: Waiting): void =>
        void order.push(`${name} ${String(expiredAt[0])}`);
    const late = new Waiting(30.25, 0, noting('late'));
    new Waiting(10.1, 2, noting('inner'));
    new Waiting(10.1, 1, noting('outer'));
    t.is(clock.nextDeadline, 10.1);
    t.is(clock.pendingCount, 3);
    await clock.advance(30);
    t.deepEqual(order, ['outer 10.1', 'inner 10.1']);
    t.is(clock.now(), 30);
    t.is(clock.nextDeadline, 30.25);
    t.is(clock.pendingCount, 1);
    await clock.advance(0.25);
    t.deepEqual(late.expiredAt, [30.25]);
    t.is(clock.nextDeadline, Infinity);
    t.is(clock.pendingCount, 0);
  },
);

test.serial('time goes on only when what was set off has settled', async (t) => {
  const clock = clockFor(t);
  const seen: string[] = [];
  const settle = async (name: string): Promise<void> => {
    for (let i = 0; i < 50; i++) await Promise.resolve();
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await new Promise<void>((resolve) => setImmediate(resolve));
    seen.push(`${name} ${String(clock.now())}`);
  };
  new Waiting(10, 0, () => void settle('first'));
  new Waiting(20, 0, () => void settle('second'));
  await clock.advance(100);
  t.deepEqual(seen, ['first 10', 'second 20']);
});

test.serial('what begins on the way takes part', async (t) => {
  const clock = clockFor(t);
  const expiredAt: number[] = [];
  const again = async (): Promise<void> => {
    await Promise.resolve();
    const { length } = expiredAt;
    expiredAt.push(clock.now());
    if (length < 5) new Waiting(clock.now() + 7, 0, () => void again());
  };
  new Waiting(7, 0, () => void again());
  await clock.advance(30);
  t.deepEqual(expiredAt, [7, 14, 21, 28]);
  t.is(clock.nextDeadline, 35);
  await clock.advance(1_000);
  t.deepEqual(expiredAt, [7, 14, 21, 28, 35, 42]);
});

test.serial('what was begun just before reaches its first wait at the old time', async (t) => {
  const clock = clockFor(t);
  const begin = async (): Promise<Waiting> => {
    await Promise.resolve();
    return new Waiting(clock.now() + 10);
  };
  const begun = begin();
  await clock.advance(10);
  t.deepEqual((await begun).expiredAt, [10]);
});

test.serial('a deadline that was taken back is not struck', async (t) => {
  const clock = clockFor(t);
  const waiting = new Waiting(10);
  const other = new Waiting(5, 0, () => disarm(waiting));
  await clock.advance(20);
  t.deepEqual(other.expiredAt, [5]);
  t.deepEqual(waiting.expiredAt, []);
});

test.serial('a jump goes to the next deadline, and no further', async (t) => {
  const clock = clockFor(t, { start: 100 });
  const day = new Waiting(100 + 86_400_000);
  const same = new Waiting(100 + 86_400_000, 1);
  const later = new Waiting(1e300);
  t.is(await clock.jump(), 86_400_000);
  t.is(clock.now(), 86_400_100);
  t.deepEqual(day.expiredAt, [86_400_100]);
  t.deepEqual(same.expiredAt, [86_400_100]);
  t.deepEqual(later.expiredAt, []);
  t.is(await clock.jump(), 1e300 - 86_400_100);
  t.is(await clock.jump(), 0);
  t.is(clock.now(), 1e300);
});

test.serial('a deadline in the past is struck without any move, in a later turn', async (t) => {
  const clock = clockFor(t, { start: 50 });
  const waiting = new Waiting(20);
  t.deepEqual(waiting.expiredAt, []);
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(waiting.expiredAt, [50]);
  t.is(clock.now(), 50);
});

test.serial('runDue strikes what is due now', async (t) => {
  const clock = clockFor(t, { start: 50 });
  const [due, ahead] = [new Waiting(50), new Waiting(50.001)];
  await clock.runDue();
  t.deepEqual(due.expiredAt, [50]);
  t.deepEqual(ahead.expiredAt, []);
  t.is(clock.now(), 50);
  disarm(ahead);
});

test.serial('time goes forward by a finite number', async (t) => {
  const clock = clockFor(t);
  for (const ms of [-1, NaN, Infinity, '5', undefined, null]) {
    const error = await t.throwsAsync(clock.advance(ms as number), {
      instanceOf: InvalidOptionError,
    });
    t.is(error?.option, 'ms');
  }
  t.is(clock.now(), 0);
});

test.serial('one move at a time', async (t) => {
  const clock = clockFor(t);
  const first = clock.advance(10);
  await t.throwsAsync(clock.advance(10), {
    instanceOf: InvalidStateError,
    message: /moving already/,
  });
  await t.throwsAsync(clock.jump(), { instanceOf: InvalidStateError });
  await first;
  t.is(clock.now(), 10);
  await clock.advance(10);
  t.is(clock.now(), 20);
});

test.serial('there is one fake clock at a time', (t) => {
  const clock = clockFor(t);
  t.throws(() => installFakeClock(), { instanceOf: InvalidStateError });
  clock.uninstall();
  const second = clockFor(t, { start: 3 });
  clock.uninstall();
  t.is(asyncNow(), 3, 'the first clock does not take the second one away');
  t.is(second.now(), 3);
});

test.serial('it is not installed while scopes wait on the real clock', (t) => {
  const waiting = new Waiting(asyncNow() + 60_000);
  t.throws(() => installFakeClock(), { instanceOf: InvalidStateError });
  disarm(waiting);
  t.deepEqual(waiting.expiredAt, []);
  clockFor(t);
});

test.serial('what still waits when it is uninstalled expires first, on the fake clock', (t) => {
  const clock = clockFor(t);
  const waiting = [30, 10, 1e300].map((deadline) => new Waiting(deadline));
  const withGrace = new Waiting(20, 0, (entry) => {
    entry.deadline = 25;
    if (entry.expiredAt.length === 1) arm(entry);
  });
  clock.uninstall();
  t.deepEqual(
    waiting.map(({ expiredAt }) => expiredAt),
    [[30], [10], [1e300]],
  );
  t.deepEqual(withGrace.expiredAt, [20, 25]);
  t.is(armedCount(), 0);
  t.true(asyncNow() < 1e300);
});

test.serial('a move ends when the clock is uninstalled', async (t) => {
  const clock = clockFor(t);
  const waiting = new Waiting(10, 0, () => clock.uninstall());
  await t.throwsAsync(clock.advance(20), {
    instanceOf: InvalidStateError,
    message: /not installed/,
  });
  t.deepEqual(waiting.expiredAt, [10]);
  const second = clockFor(t);
  await second.advance(5);
  t.is(second.now(), 5);
});

test.serial('after it was uninstalled it can neither move nor be asked', async (t) => {
  let clock: FakeClock;
  {
    using installed = installFakeClock();
    clock = installed;
    await clock.advance(5);
  }
  t.true(Math.abs(asyncNow() - performance.now()) < 1_000);
  clock.uninstall();
  const waiting = new Waiting(asyncNow() + 60_000);
  t.is(clock.now(), 5);
  t.is(clock.nextDeadline, Infinity);
  t.is(clock.pendingCount, 0);
  for (const move of [() => clock.advance(1), () => clock.runDue(), () => clock.jump()]) {
    await t.throwsAsync(move, { instanceOf: InvalidStateError, message: /not installed/ });
  }
  disarm(waiting);
  t.is(armedCount(), 0);
});

test.serial('the timers of a test that fakes them too are not used', async (t) => {
  const clock = clockFor(t);
  const { setImmediate } = globalThis;
  globalThis.setImmediate = (() => t.fail()) as unknown as typeof setImmediate;
  try {
    const waiting = new Waiting(10);
    await clock.advance(10);
    t.deepEqual(waiting.expiredAt, [10]);
  } finally {
    globalThis.setImmediate = setImmediate;
  }
});

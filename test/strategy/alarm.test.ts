import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { makeAlarm, type Alarm } from '#internal/strategy/alarm.js';
import { LONGEST_LEAD } from '#internal/strategy/wake-lead.js';
import { runSync } from 'hardstop';
import { fallbackTest, nativeTest, serialNativeTest } from '../harness/native-test.js';
import { repetitions } from '../harness/repetitions.js';
import { runFixture, runSource } from '../harness/run-fixture.js';
import { loopForever, REACHABLE, spin } from '../harness/work.js';

const now = (): number => performance.now();

interface Call {
  readonly at: number;
  readonly stuck: Error | undefined;
}

/** An alarm whose calls can be awaited, and are listed. */
interface Bell {
  readonly alarm: Alarm;
  readonly calls: Call[];
  /** Resolves at the next call. */
  next(): Promise<Call>;
}

function makeBell(t: ExecutionContext): Bell {
  const calls: Call[] = [];
  let resolve: ((call: Call) => void) | undefined;
  const alarm = makeAlarm((stuck) => {
    const call = { at: now(), stuck };
    calls.push(call);
    resolve?.(call);
  });
  t.teardown(() => {
    alarm.set(Infinity);
  });
  return { alarm, calls, next: () => new Promise((then) => (resolve = then)) };
}

nativeTest('with the addon an alarm is precise', (t) => {
  t.true(makeBell(t).alarm.isPrecise);
});

fallbackTest("without the addon Node's timers have to do", (t) => {
  t.false(makeBell(t).alarm.isPrecise);
});

test.serial('it never rings before its instant', async (t) => {
  const { alarm, next } = makeBell(t);
  for (let i = 0; i < repetitions(400); i++) {
    // From long ago, through fractions of a millisecond, to some of them.
    const instant = now() + (i % 4 === 0 ? Math.random() * 0.3 : Math.random() * 6 - 0.5);
    const rings = next();
    alarm.set(instant);
    const { at } = await rings;
    t.true(at >= instant, `${String(instant - at)} ms early`);
  }
});

test.serial('many alarms at once never ring before their instants, each once', async (t) => {
  const bells = Array.from({ length: 100 }, () => ({
    ...makeBell(t),
    instant: now() + Math.random() * 30,
  }));
  for (const { alarm, instant } of bells) alarm.set(instant);
  await delay(60);
  while (bells.some(({ calls }) => calls.length === 0)) await delay(5);
  await delay(20);
  for (const { calls, instant } of bells) {
    t.is(calls.length, 1);
    t.true((calls[0] as Call).at >= instant);
  }
});

test.serial(
  'what can be done ahead of a ring is done on the loop, shortly before it',
  async (t) => {
    const instants = Array.from({ length: repetitions(50) }, () => NaN);
    for (const index of instants.keys()) {
      const prepared: number[] = [];
      const instant = now() + 5;
      const rung = await new Promise<number>((resolve) => {
        const alarm = makeAlarm(
          () => {
            resolve(now());
          },
          () => {
            prepared.push(now());
          },
        );
        alarm.set(instant);
        t.is(prepared.length, 0);
      });
      t.true(rung >= instant);
      t.true(prepared.length <= 1);
      for (const at of prepared) t.true(at >= instant - LONGEST_LEAD && at <= rung);
      instants[index] = instant;
    }
  },
);

serialNativeTest('what comes while the instant is awaited has its turn', async (t) => {
  let prepared = 0;
  let before = 0;
  for (let i = 0; i < 200 && before === 0; i++) {
    const instant = now() + 5;
    await new Promise<void>((resolve) => {
      const ring = (): void => {
        resolve();
      };
      const alarm = makeAlarm(ring, () => {
        prepared++;
        setImmediate(() => {
          if (now() < instant) before++;
        });
      });
      alarm.set(instant);
    });
    t.true(now() >= instant);
    await delay(5);
  }
  // On a crowded machine it may hardly ever be awake ahead, and not for long.
  t.true(before > 0 || prepared < 20);
});

serialNativeTest('what blocks the loop while the instant is awaited is told', async (t) => {
  let prepared = 0;
  let told = 0;
  for (let i = 0; i < 50 && told === 0; i++) {
    const stuck = await new Promise<Error | undefined>((resolve) => {
      const alarm = makeAlarm(resolve, () => {
        prepared++;
        setImmediate(function blocksAhead() {
          spin(2 * REACHABLE);
        });
      });
      alarm.set(now() + 5);
    });
    if (String(stuck?.stack).includes('blocksAhead')) told++;
    await delay(10);
  }
  t.true(told > 0 || prepared < 10);
});

test.serial(
  'what is put off while it is awaited rings then, what is dropped does not',
  async (t) => {
    let changed = 0;
    for (let i = 0; i < 200 && changed < repetitions(20); i++) {
      const instant = now() + 5;
      const later = i % 2 === 0 ? Infinity : instant + 3;
      let rungAt: number | undefined;
      let isChanged = false;
      const alarm: Alarm = makeAlarm(
        () => {
          rungAt = now();
        },
        () => {
          setImmediate(() => {
            isChanged = rungAt === undefined;
            if (isChanged) alarm.set(later);
          });
        },
      );
      alarm.set(instant);
      await delay(12);
      while (rungAt === undefined && !(isChanged && later === Infinity)) await delay(1);
      if (!isChanged) continue;
      changed++;
      if (later === Infinity) t.is(rungAt, undefined);
      else t.true((rungAt as unknown as number) >= later);
    }
    t.pass();
  },
);

test.serial('an instant that has passed rings soon, but not from inside set()', async (t) => {
  const { alarm, calls, next } = makeBell(t);
  for (const instant of [now(), now() - 1_000, 0, -1, -1e300, -Infinity]) {
    const rings = next();
    const before = calls.length;
    alarm.set(instant);
    t.is(calls.length, before);
    await rings;
  }
});

test.serial('a later request replaces an earlier one', async (t) => {
  const { alarm, calls, next } = makeBell(t);
  const rings = next();
  alarm.set(now() + 5);
  const instant = now() + 40;
  alarm.set(instant);
  t.true((await rings).at >= instant);
  t.is(calls.length, 1);
});

test.serial('an earlier request replaces a later one', async (t) => {
  const { alarm, calls, next } = makeBell(t);
  const rings = next();
  alarm.set(now() + 3_600_000);
  const instant = now() + 5;
  alarm.set(instant);
  t.true((await rings).at >= instant);
  await delay(20);
  t.is(calls.length, 1);
});

test.serial('what is dropped does not ring', async (t) => {
  const { alarm, calls } = makeBell(t);
  for (const wait of [0, 1, 5, 15]) {
    alarm.set(now() + REACHABLE);
    await delay(wait / 5);
    alarm.set(Infinity);
    await delay(wait);
  }
  alarm.set(now() + 2);
  spin(10);
  alarm.set(Infinity);
  await delay(REACHABLE + 20);
  t.is(calls.length, 0);
});

test.serial('dropping and asking again at any distance rings once, on time', async (t) => {
  const { alarm, calls, next } = makeBell(t);
  for (let i = 0; i < repetitions(200); i++) {
    for (let j = 0; j < 5; j++) {
      alarm.set(now() + Math.random() * 3);
      if (j % 2 === 0) alarm.set(Infinity);
    }
    const instant = now() + Math.random() * 3;
    const before = calls.length;
    const rings = next();
    alarm.set(instant);
    t.true((await rings).at >= instant);
    t.is(calls.length, before + 1);
  }
  await delay(10);
  t.is(calls.length, repetitions(200));
});

test.serial('requests made in a ring come in their order', async (t) => {
  const instants = Array.from({ length: 50 }, (_, i) => now() + i * 0.7);
  const at: number[] = [];
  await new Promise<void>((resolve) => {
    const alarm = makeAlarm(() => {
      at.push(now());
      if (at.length < instants.length) alarm.set(instants[at.length] as number);
      else resolve();
    });
    alarm.set(instants[0] as number);
  });
  t.true(instants.every((instant, i) => (at[i] as number) >= instant));
});

test.serial('requests in the far future do not ring, and do not become short', async (t) => {
  const { alarm, calls } = makeBell(t);
  for (const ms of [2 ** 31 - 1, 2 ** 31, 2 ** 32, 9e12, 2 ** 53, Number.MAX_VALUE]) {
    alarm.set(now() + ms);
    await delay(5);
  }
  t.is(calls.length, 0);
});

test.serial('microtasks and ticks of a ring run at its end', async (t) => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    const alarm = makeAlarm(() => {
      setImmediate(() => {
        order.push('immediate');
        resolve();
      });
      void Promise.resolve().then(() => order.push('microtask'));
      process.nextTick(() => order.push('tick'));
      order.push('ring');
    });
    alarm.set(now() + 1);
  });
  t.deepEqual(order, ['ring', 'tick', 'microtask', 'immediate']);
});

test.serial('a ring sees no store of whoever has made or set the alarm', async (t) => {
  const storage = new AsyncLocalStorage<string>();
  const seen = await new Promise((resolve) => {
    storage.run('store', () => {
      const alarm = makeAlarm(() => {
        resolve(storage.getStore());
      });
      alarm.set(now() + 1);
    });
  });
  t.is(seen, undefined);
});

// Entered before the alarm is due, and long enough for a watchdog that has to wait for a core.
function blockingFunction(): void {
  spin(2 * REACHABLE);
}

serialNativeTest('a late ring tells what has blocked the loop', async (t) => {
  const { alarm, next } = makeBell(t);
  const rings = next();
  alarm.set(now() + REACHABLE);
  blockingFunction();
  const { stuck } = await rings;
  t.true(stuck instanceof Error);
  t.regex(String(stuck?.stack), /blockingFunction/);
  // Only that one.
  const ringsAgain = next();
  alarm.set(now() + 2);
  t.notRegex(String((await ringsAgain).stuck?.stack), /blockingFunction/);
});

serialNativeTest('so does one that was asked for when the loop was blocked already', async (t) => {
  const { alarm, next } = makeBell(t);
  alarm.set(now() + 5);
  alarm.set(Infinity);
  // Now the standing request rings, with nothing wanted.
  spin(20);
  const rings = next();
  alarm.set(now() + REACHABLE);
  (function asksThenBlocks() {
    spin(1_500);
  })();
  t.regex(String((await rings).stuck?.stack), /asksThenBlocks/);
});

serialNativeTest(
  'blocking ended by a scope is told as well, and the scope is stopped',
  async (t) => {
    const { alarm, next } = makeBell(t);
    const rings = next();
    alarm.set(now() + REACHABLE);
    for (let i = 0; i < 2; i++)
      t.throws(() => runSync(loopForever, 1.5 * REACHABLE), { name: 'TimeoutError' });
    t.regex(String((await rings).stuck?.stack), /loopForever/);
  },
);

test.serial('a loop that is blocked when nothing is due is nothing to tell', async (t) => {
  const { alarm, next } = makeBell(t);
  alarm.set(now() + 2);
  alarm.set(now() + REACHABLE);
  spin(30);
  const { stuck } = await next();
  if (stuck !== undefined) t.notRegex(String(stuck.stack), /spin/);
  t.pass();
});

test.serial('runs that are stopped while alarms ring are not disturbed', async (t) => {
  const { alarm, calls } = makeBell(t);
  for (let i = 0; i < repetitions(200); i++) {
    const before = calls.length;
    alarm.set(now() + Math.random() * 2);
    t.throws(() => runSync(loopForever, 1 + Math.random() * 7), { name: 'TimeoutError' });
    while (calls.length === before) await delay(1);
    t.is(
      runSync(() => 'value', 60_000),
      'value',
    );
  }
});

fallbackTest('without the addon nobody tells what blocks the loop', async (t) => {
  const { alarm, next } = makeBell(t);
  const rings = next();
  alarm.set(now() + 2);
  spin(30);
  t.is((await rings).stuck, undefined);
});

const prelude = `
  import { makeAlarm } from '#internal/strategy/alarm.js';
  const now = () => performance.now();
  process.on('exit', (code) => console.log('exit', code));
`;

test('a request keeps the process alive, until it has rung', async (t) => {
  const child = await runSource(`${prelude}
    makeAlarm(() => console.log('rings')).set(now() + 50);`);
  t.like(child, { code: 0, stdout: 'rings\nexit 0\n', stderr: '' });
});

test('an alarm without a request does not keep the process alive', async (t) => {
  const child = await runSource(`${prelude}
    const alarm = makeAlarm(() => console.log('rings'));
    makeAlarm(() => console.log('rings'));
    alarm.set(now() + 600_000);
    alarm.set(now() + 50);
    alarm.set(Infinity);`);
  t.like(child, { code: 0, stdout: 'exit 0\n', stderr: '', timedOut: false });
});

test('the last of many requests decides about the process', async (t) => {
  const child = await runSource(`${prelude}
    const alarm = makeAlarm(() => console.log('rings'));
    for (const ms of [1, Infinity, 600_000, Infinity, 5, 600_000, 20, Infinity, 70]) alarm.set(now() + ms);
    setTimeout(() => {}, 30);`);
  t.like(child, { code: 0, stdout: 'rings\nexit 0\n', stderr: '', timedOut: false });
});

test('a request beyond 2^31 ms keeps the process alive, without a warning', async (t) => {
  const child = await runSource(`${prelude}
    const alarm = makeAlarm(() => console.log('rings'));
    alarm.set(now() + 2 ** 53);
    setTimeout(() => console.log('alive'), 50).unref();
    setTimeout(() => alarm.set(Infinity), 100).unref();`);
  t.like(child, { code: 0, stdout: 'alive\nexit 0\n', stderr: '', timedOut: false });
});

test("what a ring throws is an uncaught exception, as of any callback's", async (t) => {
  const child = await runSource(`${prelude}
    const alarm = makeAlarm(() => { throw new Error('from the ring'); });
    alarm.set(now() + 5);
    setTimeout(() => console.log('never'), 10_000);`);
  t.like(child, { code: 1, stdout: 'exit 1\n', timedOut: false });
  t.regex(child.stderr, /Error: from the ring/);
  t.notRegex(child.stderr, /DeprecationWarning/);
});

test('after one that is handled it rings again', async (t) => {
  const child = await runSource(`${prelude}
    let rings = 0;
    process.on('uncaughtException', (error, origin) => { console.log(error, origin); });
    const alarm = makeAlarm(() => {
      if (++rings < 3) alarm.set(now() + 1);
      process.nextTick(() => console.log('tick'));
      throw rings;
    });
    alarm.set(now() + 5);`);
  const each = (n: number): string => `${String(n)} uncaughtException\ntick\n`;
  t.like(child, { code: 0, stdout: `${each(1)}${each(2)}${each(3)}exit 0\n`, stderr: '' });
});

test('process.exit() in a ring ends the process at once', async (t) => {
  const child = await runSource(`${prelude}
    makeAlarm(() => process.exit(7)).set(now() + 5);
    makeAlarm(() => console.log('never')).set(now() + 600_000);
    setTimeout(() => console.log('never'), 600_000);`);
  t.like(child, { code: 7, stdout: 'exit 7\n', stderr: '', timedOut: false });
});

test("timers that are replaced by a test's do not matter", async (t) => {
  const child = await runSource(`${prelude}
    import { createRequire, syncBuiltinESMExports } from 'node:module';
    const timers = createRequire(import.meta.url)('node:timers');
    for (const name of ['setTimeout', 'clearTimeout', 'setInterval', 'setImmediate']) {
      globalThis[name] = timers[name] = () => { console.log('fake'); };
    }
    performance.now = () => 0;
    Date.now = () => 0;
    syncBuiltinESMExports();
    const alarm = makeAlarm(() => console.log('rings'));
    alarm.set(1);
    alarm.set(Infinity);
    alarm.set(1);`);
  t.like(child, { code: 0, stdout: 'rings\nexit 0\n', stderr: '', timedOut: false });
});

test('200 workers come and go, with alarms that are set, that ring, and that exit', async (t) => {
  const workers = repetitions(200);
  const child = await runFixture('native/alarm-workers', {
    args: [String(workers)],
    timeoutMs: 55_000,
  });
  t.is(child.code, 0, child.stderr);
  t.deepEqual(JSON.parse(child.stdout), { ended: workers, wrong: 0, threads: 0, descriptors: 0 });
});

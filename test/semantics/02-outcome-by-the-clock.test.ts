import test from 'ava';
import { runSync, Timeout, TimeoutError } from 'hardstop';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { testEachStrategy } from '../harness/strategies.js';
import { loopForever, sleep, spin, spinUntil } from '../harness/work.js';

testEachStrategy('a value that comes before the deadline is returned', (t, strategy) => {
  const scope = new Timeout(10_000, { strategy });
  const value = scope.runSync(() => {
    spin(5);
    return 'in time';
  });
  t.is(value, 'in time');
  t.is(scope.state, 'executed');
});

testEachStrategy(
  'what is past the deadline is a timeout, even when nothing could interrupt it',
  (t, strategy) => {
    const list = Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 300_007);
    const scope = new Timeout(0.5, { strategy });
    const error = timeoutOf(t, () => scope.runSync(() => [...list].sort()));
    // `sort` looks at no interrupt; the return from it may do.
    t.true(['late', 'interrupt', 'terminate'].includes(error.stage), error.stage);
    t.true(error.stopped);
    t.true(error.elapsed >= 0.5);
    t.is(scope.state, 'timed_out');
  },
);

testEachStrategy('a value at the deadline plus grace is still late', (t, strategy) => {
  const error = timeoutOf(t, () => runSync(() => spin(2), { timeout: 1, grace: 60_000, strategy }));
  t.is(error.stage, 'late');
  t.is(error.strategy, strategy);
  t.is(error.cause, undefined);
});

testEachStrategy(
  'a value that comes within microseconds of the deadline is decided by the clock',
  (t, strategy) => {
    let values = 0;
    let timeouts = 0;
    const rounds = strategy === 'native' ? 2000 : 200;
    for (let i = 0; i < rounds; i++) {
      const timeout = strategy === 'native' ? 0.1 : 1;
      const offset = (Math.random() - 0.5) * 0.04;
      let returning = 0;
      const start = performance.now();
      const { threw, error } = outcomeOf(() =>
        runSync(
          () => {
            spinUntil(start + timeout + offset);
            returning = performance.now();
          },
          { timeout, strategy },
        ),
      );
      const end = performance.now();
      if (threw) {
        timeouts++;
        if (!(error instanceof TimeoutError)) throw error as Error;
        // The scope started after `start`, so its deadline is not before this.
        t.true(end >= start + timeout);
        t.true(error.elapsed >= timeout);
      } else {
        values++;
        // A value may only be returned when it left the work before the deadline; the scope started at most that late.
        t.true(returning > 0);
      }
    }
    t.is(values + timeouts, rounds);
    t.true(timeouts > 0);
  },
);

testEachStrategy(
  'errors that the work throws are never turned into a timeout, at any distance',
  (t, strategy) => {
    const own = new Error('work');
    const rounds = strategy === 'native' ? 2000 : 100;
    for (let i = 0; i < rounds; i++) {
      const timeout = strategy === 'native' ? 0.05 : 1;
      const offset = (Math.random() - 0.5) * 0.04;
      const start = performance.now();
      const { threw, error } = outcomeOf(() =>
        runSync(
          () => {
            spinUntil(start + timeout + offset);
            throw own;
          },
          { timeout, strategy },
        ),
      );
      t.true(threw);
      // Stopped before it could throw, or its own error: nothing else.
      t.true(error === own || error instanceof TimeoutError);
    }
  },
);

testEachStrategy('a timeout is not caught by the work', (t, strategy) => {
  const reached: string[] = [];
  const error = timeoutOf(t, () =>
    runSync(
      () => {
        for (;;) {
          try {
            loopForever();
          } catch {
            reached.push('catch');
          } finally {
            reached.push('finally');
          }
        }
      },
      { timeout: 5, strategy },
    ),
  );
  t.true(error.stopped);
  t.deepEqual(reached, []);
});

testEachStrategy('no disposal and no return of a stopped generator runs', (t, strategy) => {
  const reached: string[] = [];
  function* generate(): Generator<number> {
    try {
      yield 1;
      yield 2;
    } finally {
      reached.push('return');
    }
  }
  timeoutOf(t, () =>
    runSync(
      () => {
        for (const value of generate()) if (value > 0) loopForever();
      },
      { timeout: 5, strategy },
    ),
  );
  t.deepEqual(reached, []);
});

testEachStrategy('a thread that waits is stopped', (t, strategy) => {
  const error = timeoutOf(t, () =>
    runSync(
      () => {
        sleep(60_000);
      },
      { timeout: 5, strategy },
    ),
  );
  t.true(error.elapsed < 30_000);
});

const stoppable: readonly [string, () => unknown][] = [
  ['an empty loop', loopForever],
  [
    'a loop with try and catch',
    () => {
      for (;;) {
        try {
          throw new Error('again');
        } catch {
          // Again.
        }
      }
    },
  ],
  [
    'mutual recursion that never ends',
    () => {
      const down = (n: number): number => (n === 0 ? 0 : down(n - 1));
      for (;;) down(1000);
    },
  ],
  ['a catastrophic regular expression', () => /^(a+)+$/.test(`${'a'.repeat(60)}b`)],
  ['a replacement with it', () => `${'a'.repeat(60)}b`.replace(/(?:a+)+c/g, '')],
  [
    'a generator that never ends',
    () => {
      function* numbers(): Generator<number> {
        for (let i = 0; ; i++) yield i;
      }
      let sum = 0;
      for (const n of numbers()) sum += n;
      return sum;
    },
  ],
  [
    'a sort with a comparator',
    () =>
      Array.from({ length: 5_000_000 }, (_, i) => i ^ 0x5555).sort((a, b) => (a % 97) - (b % 97)),
  ],
  [
    'a proxy that never ends',
    () => {
      const proxy: { next?: unknown } = new Proxy({}, { get: (_, key) => Reflect.get(proxy, key) });
      for (;;) {
        try {
          Object(proxy.next);
        } catch {
          // The stack was used up; again.
        }
      }
    },
  ],
  ['code made by eval', () => new Function('for (;;);')() as unknown],
  [
    'a promise chain that the work builds',
    () => {
      let promise = Promise.resolve();
      for (;;) promise = promise.then(() => undefined);
    },
  ],
];
for (const [what, work] of stoppable) {
  // The last one fills the heap while it lasts.
  testEachStrategy(`it is stopped: ${what}`, (t, strategy) => {
    const error = timeoutOf(t, () => runSync(work, { timeout: 10, strategy }));
    t.true(error.elapsed >= 10);
    t.true(error.elapsed < 30_000);
    t.true(error.stopped);
  });
}

test('WebAssembly is stopped', (t) => {
  // (module (func (export "loop") (loop (br 0))))
  const bytes = Uint8Array.of(
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    1,
    4,
    1,
    96,
    0,
    0,
    3,
    2,
    1,
    0,
    7,
    8,
    1,
    4,
    108,
    111,
    111,
    112,
    0,
    0,
    10,
    9,
    1,
    7,
    0,
    3,
    64,
    12,
    0,
    11,
    11,
  );
  const { loop } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  const error = timeoutOf(t, () => runSync(loop as () => void, 10));
  t.true(error.stopped);
});

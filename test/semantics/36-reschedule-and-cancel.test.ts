import test from 'ava';
import {
  InvalidOptionError,
  InvalidStateError,
  isTimeoutError,
  run,
  runSync,
  Timeout,
  type TimeoutError,
} from 'hardstop';
import {
  abortOf,
  defer,
  forever,
  past,
  runWithin,
  settled,
  timeoutFrom,
  turn,
} from '../harness/async-work.js';
import { serialNativeTest } from '../harness/native-test.js';
import { outcomeOf } from '../harness/outcome.js';
import { repetitions } from '../harness/repetitions.js';
import { REACHABLE, spin, spinUntil } from '../harness/work.js';

test('a deadline is moved later while the work is suspended', async (t) => {
  const scope = new Timeout(600_000);
  const gate = defer<string>();
  const outcome = scope.run(() => gate.promise);
  scope.reschedule(REACHABLE);
  scope.reschedule(600_000);
  t.is(scope.timeout >= 600_000, true);
  await past(REACHABLE + 20);
  t.is(scope.state, 'executing');
  gate.resolve('value');
  t.is(await outcome, 'value');
});

test('a deadline is moved earlier while the work is suspended, never early', async (t) => {
  for (let round = 0; round < repetitions(30); round++) {
    const scope = new Timeout(600_000);
    const outcome = timeoutFrom(t, scope.run(forever));
    await turn();
    const limit = Math.random() * 4;
    const movedAt = performance.now();
    scope.reschedule(limit);
    t.is((await outcome).scope, scope);
    t.true(performance.now() - movedAt >= limit);
  }
});

test('a deadline goes to Infinity and back', async (t) => {
  for (const none of [Infinity, undefined, null]) {
    const scope = new Timeout(600_000);
    const outcome = timeoutFrom(t, scope.run(forever));
    scope.reschedule(none);
    t.is(scope.deadline, Infinity);
    t.is(scope.remaining(), Infinity);
    t.false(scope.pending);
    await past(10);
    t.is(scope.state, 'executing');
    scope.reschedule(500_000);
    t.true(scope.pending);
    scope.reschedule(5);
    t.is((await outcome).scope, scope);
  }
});

test('a scope without a limit is given one while it runs', async (t) => {
  const scope = new Timeout();
  const outcome = timeoutFrom(t, scope.run(forever));
  await turn();
  scope.reschedule(5);
  t.is((await outcome).scope, scope);
});

test('`rescheduleAt` moves it to an instant, one in the past included', async (t) => {
  const scope = new Timeout(600_000);
  const outcome = timeoutFrom(t, scope.run(forever));
  const instant = performance.now() + REACHABLE;
  scope.rescheduleAt(instant);
  t.is(scope.deadline, instant);
  t.is((await outcome).scope, scope);
  t.true(performance.now() >= instant);

  const gone = new Timeout(600_000);
  const stopped = timeoutFrom(t, gone.run(forever));
  gone.rescheduleAt(performance.now() - 50);
  t.is((await stopped).timeout, gone.timeout);
});

test('`reschedule(0)` ends the work where it waits', async (t) => {
  const scope = new Timeout(600_000);
  const order: string[] = [];
  const error = await timeoutFrom(
    t,
    scope.run(function* () {
      scope.reschedule(0);
      try {
        yield turn();
        order.push('went on');
      } finally {
        order.push('finally');
      }
    }),
  );
  t.is(error.scope, scope);
  t.deepEqual(order.includes('went on'), false);
});

test('10,000 changes of a deadline leave one', async (t) => {
  const scope = new Timeout(600_000);
  const outcome = timeoutFrom(t, scope.run(forever));
  for (let i = 0; i < 10_000; i++) scope.reschedule(i % 3 === 0 ? Infinity : 500_000 - i);
  scope.reschedule(5);
  t.is((await outcome).scope, scope);
});

test('bad values are refused, and change nothing', async (t) => {
  const scope = new Timeout(600_000);
  await scope.run(async () => {
    const { deadline } = scope;
    for (const bad of [-1, NaN, '5', {}]) {
      t.throws(() => scope.reschedule(bad as never), { instanceOf: InvalidOptionError });
    }
    for (const bad of [NaN, '5', null, undefined]) {
      t.throws(() => scope.rescheduleAt(bad as never), { instanceOf: InvalidOptionError });
    }
    t.is(scope.deadline, deadline);
  });
});

test('a deadline that has passed is not moved any more', async (t) => {
  const scope = new Timeout(50, { grace: 600_000 });
  const error = await timeoutFrom(
    t,
    scope.run(async ({ signal }) => {
      await Promise.resolve();
      spinUntil(scope.deadline);
      // The alarm has had no turn yet: it is the clock that decides.
      t.throws(() => scope.reschedule(600_000), { instanceOf: InvalidStateError });
      await abortOf(signal);
      t.throws(() => scope.reschedule(600_000), { instanceOf: InvalidStateError });
    }),
  );
  t.is(error.scope, scope);
  t.throws(() => scope.reschedule(5), { instanceOf: InvalidStateError });
  t.throws(() => scope.rescheduleAt(performance.now() + 5), { instanceOf: InvalidStateError });
});

test('a scope that was told to stop by one around, or by an abort, is not moved any more', async (t) => {
  const outside = new AbortController();
  const scope = new Timeout(600_000, { signal: outside.signal, grace: 600_000 });
  const reason = new Error('stop');
  const { error } = await settled(
    scope.run(async ({ signal }) => {
      outside.abort(reason);
      await abortOf(signal);
      t.throws(() => scope.reschedule(5), { instanceOf: InvalidStateError });
    }),
  );
  t.is(error, reason);
});

test('`cancel` from inside: the work runs to its end', async (t) => {
  const works: ((scope: Timeout) => unknown)[] = [
    async (scope) => {
      scope.reschedule(REACHABLE);
      scope.cancel();
      await past(REACHABLE + 20);
      return 'value';
    },
    async (scope) => {
      await turn();
      scope.reschedule(REACHABLE);
      scope.cancel();
      scope.cancel();
      await past(REACHABLE + 20);
      return 'value';
    },
    function* (scope) {
      yield turn();
      scope.reschedule(REACHABLE);
      scope.cancel();
      yield past(REACHABLE + 20);
      return 'value';
    },
  ];
  for (const work of works) {
    const scope = new Timeout(600_000);
    t.is((await scope.run(work as () => Promise<string>)) as unknown, 'value');
    t.is(scope.state, 'cancelled');
    t.false(scope.ok);
    t.false(scope.expired);
  }
});

test('`cancel` from outside: the work runs to its end', async (t) => {
  const scope = new Timeout(600_000);
  const gate = defer<string>();
  const outcome = scope.run(() => gate.promise);
  await turn();
  scope.reschedule(REACHABLE);
  scope.cancel();
  t.deepEqual([scope.state], ['cancelled']);
  t.false(scope.pending);
  t.is(scope.remaining(), Infinity);
  await past(REACHABLE + 20);
  gate.resolve('value');
  t.is(await outcome, 'value');
  t.deepEqual([scope.state], ['cancelled']);
});

test('a cancelled scope has no deadline to move', async (t) => {
  const scope = new Timeout(600_000);
  await scope.run(async () => {
    scope.cancel();
    t.throws(() => scope.reschedule(5), { instanceOf: InvalidStateError });
  });
});

test('a cancelled scope is ended by those around it all the same', async (t) => {
  const outer = new Timeout();
  const inner = new Timeout(600_000);
  const error = await timeoutFrom(
    t,
    runWithin(outer, 10, async () => {
      await inner.run(async () => {
        inner.cancel();
        await forever();
      });
    }),
  );
  t.is(error.scope, outer);
});

test('a cancelled scope is ended by its signal all the same', async (t) => {
  const outside = new AbortController();
  const reason = new Error('stop');
  const scope = new Timeout(600_000, { signal: outside.signal });
  const outcome = settled(scope.run(forever));
  scope.cancel();
  outside.abort(reason);
  t.is((await outcome).error, reason);
});

test('an outer scope is cancelled and moved from inside an inner one', async (t) => {
  const outer = new Timeout(600_000);
  const value = await outer.run(() =>
    run(async () => {
      outer.reschedule(REACHABLE);
      outer.reschedule(600_000);
      await turn();
      outer.reschedule(REACHABLE);
      outer.cancel();
      await past(REACHABLE + 20);
      return 'value';
    }, 600_000),
  );
  t.is(value, 'value');
  t.is(outer.state, 'cancelled');
  const moved = new Timeout(600_000);
  const error = await timeoutFrom(
    t,
    moved.run(() =>
      run(async () => {
        await turn();
        moved.reschedule(5);
        await forever();
      }, 600_000),
    ),
  );
  t.is(error.scope, moved);
});

/** What an inner part does to the deadline of an outer scope, while it is on the stack. */
const innerParts: readonly [string, (act: () => void) => Promise<unknown>][] = [
  ['its first part', (act) => run(async () => act(), 600_000)],
  [
    'a step of a coroutine',
    (act) =>
      run(function* () {
        yield turn();
        act();
      }, 600_000),
  ],
  [
    'a runSync in a later part',
    (act) =>
      run(async () => {
        await turn();
        runSync(act, 600_000);
      }, 600_000),
  ],
  [
    'a runSync in a step',
    (act) =>
      run(function* () {
        yield turn();
        runSync(act, 600_000);
      }, 600_000),
  ],
];

for (const [where, inner] of innerParts) {
  serialNativeTest(
    `a loop inside is not cut by the deadline that was cancelled in it: ${where}`,
    async (t) => {
      for (const change of ['cancel', 'later'] as const) {
        const outer = new Timeout(REACHABLE);
        let isDone = false;
        const outcome = await settled(
          outer.run(async () => {
            await inner(() => {
              const { deadline } = outer;
              if (change === 'cancel') outer.cancel();
              else outer.reschedule(600_000);
              spinUntil(deadline + 20);
              isDone = true;
            });
          }),
        );
        t.is(outcome.error, undefined);
        t.true(isDone);
      }
    },
  );

  serialNativeTest(
    `a loop inside is cut by the deadline that was moved earlier in it: ${where}`,
    async (t) => {
      const outer = new Timeout(600_000);
      let isDone = false;
      const error = await timeoutFrom(
        t,
        outer.run(async () => {
          await inner(() => {
            outer.reschedule(20);
            // Bounded, in case nothing cuts it.
            spin(5000);
            isDone = true;
          });
        }),
      );
      t.is(error.scope, outer);
      t.false(isDone);
    },
  );
}

serialNativeTest('a loop in a step is cut by the own deadline, moved in it', async (t) => {
  for (const isFirst of [true, false]) {
    const scope = new Timeout(600_000);
    let isDone = false;
    const error = await timeoutFrom(
      t,
      scope.run(function* () {
        if (!isFirst) yield turn();
        scope.reschedule(20);
        spin(5000);
        isDone = true;
      }),
    );
    t.is(error.scope, scope);
    t.is(error.stage, 'interrupt');
    t.false(isDone);
  }
});

serialNativeTest('a deadline that was moved inside a shield cuts the loop behind it', async (t) => {
  const scope = new Timeout(600_000);
  let isDone = false;
  const error = await timeoutFrom(
    t,
    scope.run(function* () {
      yield turn();
      scope.shield(() => {
        scope.reschedule(20);
        spin(40);
      });
      spin(5000);
      isDone = true;
    }),
  );
  t.is(error.scope, scope);
  t.false(isDone);
});

test('of equal deadlines the outermost wins, and nothing between the two ends runs', async (t) => {
  for (let round = 0; round < repetitions(20); round++) {
    const deadline = performance.now() + 5;
    const scopes = [1, 2, 3].map(() => new Timeout(undefined, { deadline }));
    const [outer, middle, inner] = scopes as [Timeout, Timeout, Timeout];
    let started = false;
    let reached = false;
    const error = await timeoutFrom(
      t,
      outer.run(() =>
        middle.run(async () => {
          started = true;
          await inner.run(forever);
          reached = true;
        }),
      ),
    );
    await turn();
    t.is(error.scope, outer);
    t.is(outer.state, 'timed_out');
    // On a busy machine the deadline may have passed before.
    if (started) t.is(middle.state, 'interrupted');
    t.false(reached);
  }
});

test.serial(
  'of deadlines that have both passed when the loop is free again, the earlier one wins',
  async (t) => {
    for (const isInnerFirst of [true, false]) {
      const outer = new Timeout();
      const inner = new Timeout();
      const seen: unknown[] = [];
      const outcome = settled(
        outer.run(async () => {
          seen.push(((await settled(inner.run(forever))).error as TimeoutError).scope);
        }),
      );
      // Later by any time that the machine takes between the two.
      const [first, second] = isInnerFirst ? [inner, outer] : [outer, inner];
      second.reschedule(2 * REACHABLE);
      first.reschedule(REACHABLE);
      spin(2 * REACHABLE + 20);
      const { error } = await outcome;
      t.is((error as TimeoutError).scope, outer);
      t.deepEqual(seen, [isInnerFirst ? inner : outer]);
    }
  },
);

test('the first cause stays: an abort, then the deadline', async (t) => {
  const outside = new AbortController();
  const reason = new Error('stop');
  const scope = new Timeout(undefined, { signal: outside.signal, grace: 600_000 });
  const { error } = await settled(
    runWithin(scope, 600_000, async ({ signal }) => {
      await turn();
      scope.reschedule(REACHABLE);
      const { deadline } = scope;
      outside.abort(reason);
      while (performance.now() < deadline) await turn();
      await turn();
      t.is(signal.reason, reason);
    }),
  );
  t.is(error, reason);
  t.is(scope.state, 'interrupted');
});

test('the first cause stays: the deadline, then an abort', async (t) => {
  const outside = new AbortController();
  const scope = new Timeout(undefined, { signal: outside.signal, grace: 600_000 });
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, async ({ signal }) => {
      await abortOf(signal);
      outside.abort(new Error('stop'));
      await turn();
      t.true(isTimeoutError(signal.reason));
    }),
  );
  t.is(error.scope, scope);
  t.is(scope.state, 'timed_out');
});

test('the first cause stays: an inner timeout is not rewritten by the outer one', async (t) => {
  const outer = new Timeout(undefined, { grace: 600_000 });
  const inner = new Timeout(undefined, { grace: 600_000 });
  const seen: unknown[] = [];
  await settled(
    runWithin(outer, 600_000, async ({ signal }) => {
      const outcome = await settled(
        runWithin(inner, 5, async (running) => {
          await abortOf(running.signal);
          outer.reschedule(5);
          await abortOf(signal);
          seen.push((running.signal.reason as TimeoutError).scope);
        }),
      );
      seen.push((outcome.error as TimeoutError).scope);
    }),
  );
  t.deepEqual(seen, [inner, inner]);
  t.is(inner.state, 'timed_out');
  t.is(outer.state, 'timed_out');
});

test.serial(
  'cancelled from outside is not a timeout, also where the end comes after the deadline',
  async (t) => {
    const outside = new AbortController();
    const reason = new Error('stop');
    const scope = new Timeout(REACHABLE, {
      signal: outside.signal,
      default: 'not to be given',
      onTimeout: () => t.fail('it was no timeout'),
    });
    const outcome = settled(scope.run(forever));
    outside.abort(reason);
    spinUntil(scope.deadline + 5);
    const { error } = await outcome;
    t.is(error, reason);
    t.false(isTimeoutError(error));
    t.is(scope.state, 'interrupted');
  },
);

test('an abort after the deadline, before the alarm, finds a timeout', async (t) => {
  // The order of the two is that of the clock, not of who is told first.
  const outside = new AbortController();
  const scope = new Timeout(50, { signal: outside.signal });
  const outcome = settled(scope.run(forever));
  spinUntil(scope.deadline);
  outside.abort(new Error('stop'));
  const { error } = await outcome;
  t.true(isTimeoutError(error));
});

test('`cancel` after the deadline comes too late', async (t) => {
  const scope = new Timeout(undefined, { grace: 600_000 });
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, async ({ signal }) => {
      await abortOf(signal);
      scope.cancel();
    }),
  );
  t.is(error.scope, scope);
});

test('`close` around running work drops its limit, and the scope is not run again', async (t) => {
  const scope = new Timeout(600_000);
  const value = await scope.run(async () => {
    scope.close();
    return 'value';
  });
  t.is(value, 'value');
  t.is(scope.state, 'cancelled');
  await t.throwsAsync(
    scope.run(() => 1),
    { instanceOf: InvalidStateError },
  );
  t.true(outcomeOf(() => scope.runSync(() => 1)).error instanceof InvalidStateError);
});

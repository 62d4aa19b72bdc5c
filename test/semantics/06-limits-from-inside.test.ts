import test from 'ava';
import {
  InvalidOptionError,
  InvalidStateError,
  runSync,
  StrategyUnavailableError,
  Timeout,
} from 'hardstop';
import { nativeTest } from '../harness/native-test.js';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { testEachStrategy } from '../harness/strategies.js';
import { loopForever, REACHABLE, sleep, spin } from '../harness/work.js';

testEachStrategy('the work can ask how long it has run and what is left', (t, strategy) => {
  const scope = new Timeout(60_000, { strategy });
  scope.runSync(() => {
    const elapsed = scope.elapsed();
    const remaining = scope.remaining();
    t.true(elapsed >= 0 && remaining <= 60_000 && elapsed + remaining <= 60_000 + 1e-6);
    spin(3);
    t.true(scope.elapsed() >= elapsed + 3);
    t.true(scope.remaining() <= remaining - 3);
    const before = performance.now();
    const left = scope.remaining();
    t.true(left <= scope.deadline - before && left >= scope.deadline - performance.now());
    t.false(scope.expired);
  });
  t.is(scope.remaining(), 0);
  const elapsed = scope.elapsed();
  t.true(elapsed >= 3);
  sleep(2);
  t.is(scope.elapsed(), elapsed);
  t.false(scope.expired);
});

testEachStrategy('`expired` turns true at the deadline, not before', (t, strategy) => {
  const scope = new Timeout(5, { strategy, grace: 60_000, error: false });
  let turnedAt = 0;
  let deadline = 0;
  scope.runSync(() => {
    ({ deadline } = scope);
    while (!scope.expired);
    turnedAt = performance.now();
    t.is(scope.remaining(), 0);
  });
  t.true(turnedAt >= deadline);
  t.true(turnedAt < deadline + 10_000);
  t.true(scope.expired);
});

testEachStrategy('`expired` of an inner scope sees the deadlines around it', (t, strategy) => {
  runSync(
    () => {
      const inner = new Timeout(60_000, { strategy });
      const unlimited = new Timeout(undefined, { strategy });
      inner.runSync(() =>
        unlimited.runSync(() => {
          t.false(unlimited.expired);
          while (!inner.expired);
          t.true(unlimited.expired);
          t.is(unlimited.remaining(), 0);
        }),
      );
    },
    // The work has to be there before the deadline, on an overloaded machine too.
    { timeout: 500, grace: 60_000, error: false, strategy },
  );
});

testEachStrategy('an outer scope is not expired because an inner one is', (t, strategy) => {
  const outer = new Timeout(60_000, { strategy });
  const inner = new Timeout(1, { strategy, grace: 60_000, error: false });
  outer.runSync(() => {
    inner.runSync(() => {
      while (!inner.expired);
      t.false(outer.expired);
      t.notThrows(() => {
        outer.checkpoint();
      });
    });
    t.true(inner.expired);
  });
  t.is(outer.state, 'executed');
});

testEachStrategy(
  '`checkpoint()` throws at the deadline, and `catch` and `finally` run',
  (t, strategy) => {
    const order: string[] = [];
    const scope = new Timeout(3, { strategy, grace: 60_000 });
    const error = timeoutOf(t, () =>
      scope.runSync(() => {
        try {
          for (;;) scope.checkpoint();
        } catch (thrown) {
          order.push('catch');
          throw thrown;
        } finally {
          order.push('finally');
        }
      }),
    );
    t.deepEqual(order, ['catch', 'finally']);
    t.is(error.stage, 'checkpoint');
    t.is(error.scope, scope);
    t.true(error.stopped);
    t.true(error.elapsed >= 3);
    t.is(scope.state, 'timed_out');
  },
);

testEachStrategy('`checkpoint()` throws the same error each time', (t, strategy) => {
  const scope = new Timeout(1, { strategy, grace: 60_000 });
  const errors: unknown[] = [];
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      spin(2);
      for (let i = 0; i < 3; i++) {
        errors.push(
          outcomeOf(() => {
            scope.checkpoint();
          }).error,
        );
      }
      scope.checkpoint();
    }),
  );
  t.true(errors.every((thrown) => thrown === error));
});

testEachStrategy(
  '`checkpoint()` of an inner scope throws the error of the one whose deadline came first',
  (t, strategy) => {
    const outer = new Timeout(40, { strategy, grace: 60_000 });
    const inner = new Timeout(60_000, { strategy });
    const error = timeoutOf(t, () =>
      outer.runSync(() =>
        inner.runSync(() => {
          for (;;) inner.checkpoint();
        }),
      ),
    );
    t.is(error.scope, outer);
    t.is(error.stage, 'checkpoint');
    t.deepEqual([inner.state, outer.state], ['interrupted', 'timed_out']);

    const late = new Timeout(2, { strategy, grace: 60_000 });
    const later = new Timeout(10_000, { strategy, grace: 60_000 });
    const first = later.runSync(() =>
      timeoutOf(t, () =>
        late.runSync(() => {
          spin(4);
          late.checkpoint();
        }),
      ),
    );
    t.is(first.scope, late);
  },
);

testEachStrategy(
  'a checkpoint that is caught and forgotten: the outcome is still a timeout',
  (t, strategy) => {
    const scope = new Timeout(1, { strategy, grace: 60_000 });
    const error = timeoutOf(t, () =>
      scope.runSync(() => {
        spin(2);
        outcomeOf(() => {
          scope.checkpoint();
        });
        return 'value';
      }),
    );
    t.is(error.stage, 'late');
    t.is(scope.state, 'timed_out');
  },
);

testEachStrategy('`checkpoint()` of a scope that does not run does nothing', (t, strategy) => {
  const scope = new Timeout(1, { strategy });
  scope.checkpoint();
  outcomeOf(() => scope.runSync(loopForever));
  t.notThrows(() => {
    scope.checkpoint();
  });
});

testEachStrategy('a million checkpoints cost next to nothing', (t, strategy) => {
  const scope = new Timeout(60_000, { strategy });
  const start = performance.now();
  scope.runSync(() => {
    for (let i = 0; i < 1_000_000; i++) scope.checkpoint();
  });
  // 6 ms natively, 60 ms with the clock; a system call each would take seconds.
  t.true(performance.now() - start < 5_000);
});

nativeTest('`cancel()` lets the work run to its end', (t) => {
  const scope = new Timeout(REACHABLE);
  const value = scope.runSync(() => {
    scope.cancel();
    scope.cancel();
    t.is(scope.deadline, Infinity);
    t.is(scope.remaining(), Infinity);
    t.false(scope.expired);
    spin(REACHABLE + 10);
    scope.checkpoint();
    return 'value';
  });
  t.is(value, 'value');
  t.is(scope.state, 'cancelled');
});

nativeTest('`cancel()` during grace takes the timeout back', (t) => {
  const scope = new Timeout(2, { grace: REACHABLE });
  const value = scope.runSync(() => {
    while (!scope.expired);
    scope.cancel();
    t.false(scope.expired);
    spin(REACHABLE + 10);
    return 'value';
  });
  t.is(value, 'value');
  t.is(scope.state, 'cancelled');
});

nativeTest('`cancel()` of an outer scope from inside an inner one', (t) => {
  const outer = new Timeout(REACHABLE);
  const value = outer.runSync(() =>
    runSync(() => {
      outer.cancel();
      spin(REACHABLE + 10);
      return 'value';
    }, 60_000),
  );
  t.is(value, 'value');
  t.is(outer.state, 'cancelled');
});

nativeTest('`cancel()` of an inner scope leaves the outer one its limit', (t) => {
  const outer = new Timeout(REACHABLE + 20);
  const inner = new Timeout(REACHABLE);
  const error = timeoutOf(t, () =>
    outer.runSync(() =>
      inner.runSync(() => {
        inner.cancel();
        loopForever();
      }),
    ),
  );
  t.is(error.scope, outer);
});

test('`cancel()` before and after the run changes nothing', (t) => {
  const scope = new Timeout(5);
  scope.cancel();
  t.is(scope.state, 'pending');
  timeoutOf(t, () => scope.runSync(loopForever));
  scope.cancel();
  t.is(scope.state, 'timed_out');
});

nativeTest('a cancelled scope can be run again, with its limit', (t) => {
  const scope = new Timeout(REACHABLE);
  scope.runSync(() => {
    scope.cancel();
  });
  timeoutOf(t, () => scope.runSync(loopForever));
});

nativeTest('`reschedule` to an earlier deadline stops the work there', (t) => {
  const scope = new Timeout(60_000);
  const start = performance.now();
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      scope.reschedule(5);
      loopForever();
    }),
  );
  t.true(performance.now() - start >= 5);
  t.true(error.elapsed >= 5 && error.elapsed < 30_000);
  t.true(error.timeout >= 5 && error.timeout < 30_000);
});

nativeTest('`reschedule` to a later deadline lets the work go on till there', (t) => {
  const scope = new Timeout(REACHABLE);
  const value = scope.runSync(() => {
    for (let i = 0; i < 20; i++) {
      scope.reschedule(60_000);
      spin(REACHABLE / 20 + 1);
    }
    return 'value';
  });
  t.is(value, 'value');
  const start = performance.now();
  let movedAt = 0;
  timeoutOf(t, () =>
    new Timeout(REACHABLE).runSync((own) => {
      own.reschedule(REACHABLE + 30);
      movedAt = performance.now();
      loopForever();
    }),
  );
  t.true(performance.now() >= start + REACHABLE + 30);
  t.true(movedAt > 0);
});

nativeTest('`reschedule` to Infinity and back', (t) => {
  const scope = new Timeout(REACHABLE);
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      for (const none of [Infinity, undefined, null]) {
        scope.reschedule(none);
        t.is(scope.remaining(), Infinity);
      }
      spin(REACHABLE + 10);
      scope.reschedule(3);
      loopForever();
    }),
  );
  t.true(error.elapsed >= REACHABLE + 13);
});

nativeTest('a scope without a limit can be given one', (t) => {
  const scope = new Timeout();
  timeoutOf(t, () =>
    scope.runSync(() => {
      scope.reschedule(3);
      loopForever();
    }),
  );
});

nativeTest('`reschedule(0)` and an instant that has passed stop the work at once', (t) => {
  for (const stop of [
    (scope: Timeout) => {
      scope.reschedule(0);
    },
    (scope: Timeout) => {
      scope.rescheduleAt(performance.now() - 10);
    },
    (scope: Timeout) => {
      scope.rescheduleAt(-Infinity);
    },
  ]) {
    const scope = new Timeout(60_000);
    const error = timeoutOf(t, () =>
      scope.runSync(() => {
        stop(scope);
        loopForever();
      }),
    );
    t.true(error.elapsed < 30_000);
    t.true(error.timeout >= 0 && error.timeout < 30_000);
  }
});

nativeTest('`rescheduleAt` moves the deadline to an instant', (t) => {
  const scope = new Timeout(60_000);
  const instant = performance.now() + 10;
  timeoutOf(t, () =>
    scope.runSync(() => {
      scope.rescheduleAt(instant);
      t.is(scope.deadline, instant);
      loopForever();
    }),
  );
  t.true(performance.now() >= instant);
});

nativeTest('`reschedule` of an outer scope from inside an inner one', (t) => {
  const outer = new Timeout(60_000);
  const inner = new Timeout(30_000);
  const error = timeoutOf(t, () =>
    outer.runSync(() =>
      inner.runSync(() => {
        outer.reschedule(4);
        t.true(inner.remaining() <= 4);
        loopForever();
      }),
    ),
  );
  t.is(error.scope, outer);
});

nativeTest('`reschedule` keeps the grace', (t) => {
  const scope = new Timeout(60_000, { grace: 60_000 });
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      scope.reschedule(3);
      for (;;) scope.checkpoint();
    }),
  );
  t.is(error.stage, 'checkpoint');
});

nativeTest('a deadline that has passed cannot be moved any more', (t) => {
  const scope = new Timeout(2, { grace: 60_000 });
  timeoutOf(t, () =>
    scope.runSync(() => {
      while (!scope.expired);
      t.throws(
        () => {
          scope.reschedule(1000);
        },
        { instanceOf: InvalidStateError },
      );
    }),
  );
});

nativeTest('a cancelled timeout cannot be moved any more', (t) => {
  const scope = new Timeout(60_000);
  scope.runSync(() => {
    scope.cancel();
    t.throws(
      () => {
        scope.reschedule(1000);
      },
      { instanceOf: InvalidStateError },
    );
  });
});

test('`reschedule` before the run changes the timeout, after it there is nothing to move', (t) => {
  const scope = new Timeout(60_000);
  scope.reschedule(3);
  t.is(scope.timeout, 3);
  t.throws(
    () => {
      scope.rescheduleAt(1000);
    },
    { instanceOf: InvalidStateError },
  );
  timeoutOf(t, () => scope.runSync(loopForever));
  t.throws(
    () => {
      scope.reschedule(3);
    },
    { instanceOf: InvalidStateError },
  );
});

for (const bad of [NaN, -1, '5', {}]) {
  test(`reschedule takes no ${typeof bad} ${String(bad)}`, (t) => {
    t.throws(
      () => {
        new Timeout(5).reschedule(bad as never);
      },
      { instanceOf: InvalidOptionError },
    );
  });
}

for (const bad of [NaN, '5', undefined, null, {}]) {
  test(`rescheduleAt takes no ${typeof bad} ${String(bad)}`, (t) => {
    t.throws(
      () => {
        new Timeout(5).rescheduleAt(bad as never);
      },
      { instanceOf: InvalidOptionError },
    );
  });
}

test('vm cannot move or drop a running deadline, and says so', (t) => {
  const scope = new Timeout(10_000, { strategy: 'vm' });
  scope.runSync(() => {
    for (const change of [
      () => {
        scope.cancel();
      },
      () => {
        scope.reschedule(5);
      },
      () => {
        scope.rescheduleAt(5);
      },
    ]) {
      t.throws(change, { instanceOf: StrategyUnavailableError, message: /vm strategy cannot/ });
    }
  });
  t.is(scope.state, 'executed');
});

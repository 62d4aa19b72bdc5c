import test from 'ava';
import { asyncRaise, runSync, StrategyUnavailableError, Timeout } from 'hardstop';
import { nativeTest } from '../harness/native-test.js';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { loopForever, spin } from '../harness/work.js';

/** The shield has to be reached before the deadline, on an overloaded machine too, ms. */
const LIMIT = 500;

nativeTest('shielded work is not cut, and the deadline strikes when the shield ends', (t) => {
  const order: string[] = [];
  const scope = new Timeout(LIMIT);
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      scope.shield(() => {
        spin(LIMIT + 10);
        order.push('shielded');
      });
      order.push('after');
      loopForever();
    }),
  );
  t.is(order[0], 'shielded');
  t.is(error.scope, scope);
  t.true(error.elapsed >= LIMIT + 10);
  t.is(scope.state, 'timed_out');
});

nativeTest('a shield that ends in time changes nothing', (t) => {
  const scope = new Timeout(20);
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      t.is(
        scope.shield(() => 'value'),
        'value',
      );
      loopForever();
    }),
  );
  t.true(error.elapsed >= 20 && error.elapsed < 30_000);
});

nativeTest('an error of shielded work passes, and the shield is gone', (t) => {
  const scope = new Timeout(LIMIT);
  timeoutOf(t, () =>
    scope.runSync(() => {
      t.throws(
        () =>
          scope.shield(() => {
            throw new Error('work');
          }),
        { message: 'work' },
      );
      loopForever();
    }),
  );
});

nativeTest('inside a shield nothing is expired, and there is no deadline', (t) => {
  const scope = new Timeout(LIMIT, { grace: 60_000, error: false });
  scope.runSync(() => {
    scope.shield(() => {
      spin(LIMIT + 10);
      t.false(scope.expired);
      t.is(scope.remaining(), Infinity);
      t.is(scope.deadline, Infinity);
      t.notThrows(() => {
        scope.checkpoint();
      });
    });
    t.true(scope.expired);
    t.throws(() => {
      scope.checkpoint();
    });
  });
});

nativeTest('shields nest', (t) => {
  const scope = new Timeout(LIMIT);
  const order: string[] = [];
  timeoutOf(t, () =>
    scope.runSync(() => {
      scope.shield(() => {
        scope.shield(() => {
          spin(LIMIT / 2 + 10);
          order.push('inner');
        });
        spin(LIMIT / 2 + 10);
        order.push('outer');
      });
      loopForever();
    }),
  );
  t.deepEqual(order, ['inner', 'outer']);
});

nativeTest('a scope inside a shield has its own limit, and only that', (t) => {
  const outer = new Timeout(LIMIT);
  let inner: unknown;
  const error = timeoutOf(t, () =>
    outer.runSync(() => {
      outer.shield(() => {
        const scope = new Timeout(LIMIT + 20);
        inner = timeoutOf(t, () =>
          scope.runSync(() => {
            t.true(scope.deadline > outer.elapsed());
            loopForever();
          }),
        ).scope;
        t.is(inner, scope);
      });
      loopForever();
    }),
  );
  t.is(error.scope, outer);
  t.true(error.elapsed >= LIMIT + 20);
});

nativeTest('a shield in an inner scope holds off the outer ones too', (t) => {
  const outer = new Timeout(LIMIT);
  let completed = false;
  const error = timeoutOf(t, () =>
    outer.runSync(() =>
      runSync((inner) => {
        inner.shield(() => {
          spin(LIMIT + 10);
          completed = true;
        });
        loopForever();
      }, 60_000),
    ),
  );
  t.true(completed);
  t.is(error.scope, outer);
});

nativeTest('a shield holds off what asyncRaise sends', (t) => {
  const scope = new Timeout(60_000);
  const error = new Error('raised');
  let completed = false;
  const outcome = outcomeOf(() =>
    scope.runSync(() => {
      scope.shield(() => {
        t.true(asyncRaise(0, error));
        spin(60);
        completed = true;
      });
      loopForever();
    }),
  );
  t.is(outcome.error, error);
  t.true(completed);
});

nativeTest('a scope that is cancelled or moved inside a shield', (t) => {
  const cancelled = new Timeout(LIMIT);
  t.is(
    cancelled.runSync(() => {
      cancelled.shield(() => {
        spin(LIMIT + 10);
        cancelled.cancel();
      });
      spin(2);
      return 'value';
    }),
    'value',
  );
  t.is(cancelled.state, 'cancelled');
});

nativeTest('the end of the work inside a shield is decided by the clock as ever', (t) => {
  const scope = new Timeout(LIMIT);
  const error = timeoutOf(t, () => scope.runSync(() => scope.shield(() => spin(LIMIT + 10))));
  t.is(error.scope, scope);
  t.true(error.elapsed >= LIMIT + 10);
});

test('outside every scope a shield just calls its work', (t) => {
  const scope = new Timeout(1);
  t.is(
    scope.shield(() => 'value'),
    'value',
  );
});

test('without a limit around it a shield just calls its work', (t) => {
  const scope = new Timeout(undefined, { strategy: 'vm' });
  t.is(
    scope.runSync(() => scope.shield(() => 'value')),
    'value',
  );
});

test('vm cannot hold its deadline off, and says so before the work starts', (t) => {
  const scope = new Timeout(10_000, { strategy: 'vm' });
  let started = false;
  scope.runSync(() => {
    t.throws(
      () =>
        scope.shield(() => {
          started = true;
        }),
      { instanceOf: StrategyUnavailableError, message: /vm strategy cannot hold/ },
    );
  });
  t.false(started);
});

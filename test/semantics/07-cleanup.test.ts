import test, { type ExecutionContext } from 'ava';
import { asyncRaise, InvalidOptionError, runSync, Timeout } from 'hardstop';
import type { SuppressedErrorLike } from '#internal/core/cleanup-stack.js';
import { outcomeOf } from '../harness/outcome.js';
import { nativeTest } from '../harness/native-test.js';
import { testEachStrategy } from '../harness/strategies.js';
import { loopForever, REACHABLE, spin } from '../harness/work.js';

const endings: readonly [string, (scope: Timeout) => void][] = [
  ['on success', () => {}],
  [
    'on an error',
    () => {
      throw new Error('work');
    },
  ],
  [
    'on a stack overflow',
    (scope) => {
      const recurse = (): number => recurse() + 1;
      recurse();
      scope.checkpoint();
    },
  ],
  ['on a hard stop', loopForever],
];

for (const [ending, work] of endings) {
  testEachStrategy(`cleanup runs ${ending}, last in first out, once`, (t, strategy) => {
    const order: string[] = [];
    const scope = new Timeout(REACHABLE, { strategy });
    outcomeOf(() =>
      scope.runSync(() => {
        scope.defer(() => order.push('first'));
        scope.use({ [Symbol.dispose]: () => order.push('second') });
        scope.defer(() => order.push('third'));
        work(scope);
      }),
    );
    t.deepEqual(order, ['third', 'second', 'first']);
    t.not(scope.state, 'executing');
  });

  testEachStrategy(
    `cleanup runs ${ending}, before onTimeout and before the call returns`,
    (t, strategy) => {
      const order: string[] = [];
      const scope = new Timeout(REACHABLE, { strategy, onTimeout: () => order.push('onTimeout') });
      outcomeOf(() =>
        scope.runSync(() => {
          scope.defer(() => order.push('cleanup'));
          work(scope);
        }),
      );
      order.push('after');
      t.deepEqual(
        order.filter((step) => step !== 'onTimeout'),
        ['cleanup', 'after'],
      );
      if (order.includes('onTimeout')) t.deepEqual(order, ['cleanup', 'onTimeout', 'after']);
    },
  );
}

testEachStrategy('cleanup runs when the work is late, or stops at a checkpoint', (t, strategy) => {
  for (const work of [
    () => spin(2),
    (scope: Timeout) => {
      for (;;) scope.checkpoint();
    },
  ]) {
    let runs = 0;
    const scope = new Timeout(1, { strategy, grace: 60_000, error: false });
    scope.runSync(() => {
      scope.defer(() => runs++);
      work(scope);
    });
    t.is(runs, 1);
  }
});

testEachStrategy('cleanup runs when the scope around it is stopped', (t, strategy) => {
  let runs = 0;
  outcomeOf(() =>
    runSync(
      () =>
        runSync(
          (scope) => {
            scope.defer(() => runs++);
            loopForever();
          },
          { timeout: 60_000, strategy },
        ),
      { timeout: REACHABLE, strategy },
    ),
  );
  t.is(runs, 1);
});

testEachStrategy('cleanup that was registered before the run belongs to it', (t, strategy) => {
  const order: string[] = [];
  const scope = new Timeout(60_000, { strategy });
  scope.defer(() => order.push('before'));
  scope.runSync(() => {
    scope.defer(() => order.push('inside'));
  });
  t.deepEqual(order, ['inside', 'before']);
  scope.runSync(() => {});
  t.is(order.length, 2);
});

testEachStrategy('cleanup of a refused run runs too', (t, strategy) => {
  let runs = 0;
  const scope = new Timeout(0, { strategy });
  scope.defer(() => runs++);
  outcomeOf(() => scope.runSync(() => {}));
  t.is(runs, 1);
});

nativeTest('cleanup runs when asyncRaise ends the scope', (t) => {
  let runs = 0;
  const scope = new Timeout(60_000);
  outcomeOf(() =>
    scope.runSync(() => {
      scope.defer(() => runs++);
      asyncRaise(0, new Error('raised'));
      loopForever();
    }),
  );
  t.is(runs, 1);
});

testEachStrategy('cleanup is not cut by the limit that is over', (t, strategy) => {
  let completed = false;
  const scope = new Timeout(REACHABLE, { strategy, error: false });
  scope.runSync(() => {
    scope.defer(() => {
      spin(30);
      completed = true;
    });
    loopForever();
  });
  t.true(completed);
});

testEachStrategy('cleanup runs outside of its scope, inside the one around it', (t, strategy) => {
  const outer = new Timeout(60_000, { strategy });
  let seen: unknown;
  outer.runSync(() => {
    const inner = new Timeout(REACHABLE, { strategy, error: false });
    inner.runSync(() => {
      inner.defer(() => {
        seen = runSync((scope) => scope.remaining() > 1000, { timeout: 30_000, strategy });
      });
      loopForever();
    });
  });
  t.is(seen, true);
  t.is(outer.state, 'executed');
});

testEachStrategy('the scope around limits cleanup that hangs', (t, strategy) => {
  const outer = new Timeout(2 * REACHABLE, { strategy });
  const { error } = outcomeOf(() =>
    outer.runSync(() =>
      runSync(
        (scope) => {
          scope.defer(loopForever);
          loopForever();
        },
        { timeout: REACHABLE, strategy },
      ),
    ),
  );
  t.is((error as { scope?: unknown }).scope, outer);
});

const cleanupError = new Error('cleanup');
const failCleanup = (): never => {
  throw cleanupError;
};

function suppressed(t: ExecutionContext, error: unknown): SuppressedErrorLike {
  t.true(error instanceof Error);
  t.is((error as Error).name, 'SuppressedError');
  return error as SuppressedErrorLike;
}

testEachStrategy(
  'an error of cleanup after success is thrown, and the other callbacks run',
  (t, strategy) => {
    let runs = 0;
    const scope = new Timeout(60_000, { strategy });
    const { error } = outcomeOf(() =>
      scope.runSync(() => {
        scope.defer(() => runs++);
        scope.defer(failCleanup);
        return 'value';
      }),
    );
    t.is(error, cleanupError);
    t.is(runs, 1);
    t.is(scope.state, 'failed');
  },
);

testEachStrategy('an error of cleanup after an error holds both', (t, strategy) => {
  const workError = new Error('work');
  const { error } = outcomeOf(() =>
    runSync(
      (scope) => {
        scope.defer(failCleanup);
        throw workError;
      },
      { timeout: 60_000, strategy },
    ),
  );
  const both = suppressed(t, error);
  t.is(both.error, cleanupError);
  t.is(both.suppressed, workError);
});

testEachStrategy(
  'an error of cleanup after a timeout holds both, also where the timeout was to be suppressed',
  (t, strategy) => {
    for (const options of [{}, { error: false }, { default: 1 }] as const) {
      const scope = new Timeout(REACHABLE, { strategy, ...options });
      const { error } = outcomeOf(() =>
        scope.runSync(() => {
          scope.defer(failCleanup);
          loopForever();
        }),
      );
      const both = suppressed(t, error);
      t.is(both.error, cleanupError);
      t.is((both.suppressed as { scope?: unknown }).scope, scope);
      t.is(scope.state, 'timed_out');
    }
  },
);

testEachStrategy(
  'errors of cleanup of a scope that went down with another are not lost',
  (t, strategy) => {
    const outer = new Timeout(REACHABLE, { strategy });
    const { error } = outcomeOf(() =>
      outer.runSync(() =>
        runSync(
          (inner) => {
            inner.defer(failCleanup);
            loopForever();
          },
          { timeout: 60_000, strategy },
        ),
      ),
    );
    const both = suppressed(t, error);
    t.is(both.error, cleanupError);
    t.is((both.suppressed as { scope?: unknown }).scope, outer);
  },
);

test('`use` returns its resource, and passes null and undefined through', (t) => {
  const scope = new Timeout(100);
  const resource = { [Symbol.dispose]() {} };
  t.is(scope.use(resource), resource);
  t.is(scope.use(null), null);
  t.is(scope.use(undefined), undefined);
});

testEachStrategy('`use` calls the method as it was, on the resource', (t, strategy) => {
  const seen: unknown[] = [];
  const resource: Disposable = {
    [Symbol.dispose](this: unknown) {
      seen.push(this);
    },
  };
  runSync(
    (scope) => {
      scope.use(resource);
      resource[Symbol.dispose] = () => {
        seen.push('changed');
      };
    },
    { strategy },
  );
  t.deepEqual(seen, [resource]);
});

test('what is no callback or resource is refused', (t) => {
  const scope = new Timeout(100);
  for (const bad of [undefined, null, 1, {}]) {
    t.throws(
      () => {
        scope.defer(bad as never);
      },
      { instanceOf: InvalidOptionError },
    );
  }
  for (const bad of [1, 'x', {}, { [Symbol.dispose]: 1 }]) {
    t.throws(() => scope.use(bad as never), { instanceOf: InvalidOptionError });
  }
});

import test from 'ava';
import { asyncRaise, runSync, Timeout, TimeoutError, type TimeoutState } from 'hardstop';
import { nativeTest } from '../harness/native-test.js';
import { outcomeOf } from '../harness/outcome.js';
import { testEachStrategy, type InThreadStrategy } from '../harness/strategies.js';
import { loopForever, REACHABLE, spin } from '../harness/work.js';

interface Ending {
  readonly title: string;
  readonly state: TimeoutState;
  readonly end: (strategy: InThreadStrategy) => Timeout;
}

const endings: readonly Ending[] = [
  {
    title: '`pending` before the run',
    state: 'pending',
    end: (strategy) => new Timeout(10, { strategy }),
  },
  {
    title: '`executing` inside it',
    state: 'executing',
    end: (strategy) => {
      const scope = new Timeout(10_000, { strategy });
      let state;
      scope.runSync(() => {
        state = scope.state;
      });
      return { state, ok: false } as never;
    },
  },
  {
    title: '`executed` when the work returned in time',
    state: 'executed',
    end: (strategy) => {
      const scope = new Timeout(10_000, { strategy });
      scope.runSync(() => 1);
      return scope;
    },
  },
  {
    title: '`timed_out` when it was stopped by its own deadline',
    state: 'timed_out',
    end: (strategy) => {
      const scope = new Timeout(5, { strategy });
      outcomeOf(() => scope.runSync(loopForever));
      return scope;
    },
  },
  {
    title: '`timed_out` when the timeout was suppressed',
    state: 'timed_out',
    end: (strategy) => {
      const scope = new Timeout(5, { strategy, default: 1 });
      scope.runSync(loopForever);
      return scope;
    },
  },
  {
    title: '`timed_out` when the work was refused',
    state: 'timed_out',
    end: (strategy) => {
      const scope = new Timeout(0, { strategy });
      outcomeOf(() => scope.runSync(() => 1));
      return scope;
    },
  },
  {
    title: '`timed_out` when it returned late',
    state: 'timed_out',
    end: (strategy) => {
      const scope = new Timeout(1, { strategy, grace: 60_000 });
      outcomeOf(() => scope.runSync(() => spin(2)));
      return scope;
    },
  },
  {
    title: '`timed_out` when it ended at a checkpoint',
    state: 'timed_out',
    end: (strategy) => {
      const scope = new Timeout(1, { strategy, grace: 60_000 });
      outcomeOf(() =>
        scope.runSync(() => {
          for (;;) scope.checkpoint();
        }),
      );
      return scope;
    },
  },
  {
    title: '`interrupted` when an outer scope ended it',
    state: 'interrupted',
    end: (strategy) => {
      const scope = new Timeout(10_000, { strategy });
      outcomeOf(() => runSync(() => scope.runSync(loopForever), { timeout: REACHABLE, strategy }));
      return scope;
    },
  },
  {
    title: '`interrupted` when the checkpoint threw for an outer scope',
    state: 'interrupted',
    end: (strategy) => {
      const scope = new Timeout(10_000, { strategy });
      outcomeOf(() =>
        runSync(
          () =>
            scope.runSync(() => {
              for (;;) scope.checkpoint();
            }),
          { timeout: 1, grace: 60_000, strategy },
        ),
      );
      return scope;
    },
  },
  {
    title: '`interrupted` when a TimeoutError was thrown on purpose',
    state: 'interrupted',
    end: (strategy) => {
      const scope = new Timeout(10_000, { strategy });
      outcomeOf(() =>
        scope.runSync(() => {
          throw new TimeoutError({
            timeout: 1,
            elapsed: 1,
            clock: 'wall',
            strategy: 'cooperative',
            stage: 'checkpoint',
            stopped: true,
          });
        }),
      );
      return scope;
    },
  },
  {
    title: '`interrupted` when its signal was aborted',
    state: 'interrupted',
    end: (strategy) => {
      const controller = new AbortController();
      const scope = new Timeout(10_000, { strategy, signal: controller.signal });
      outcomeOf(() =>
        scope.runSync(() => {
          controller.abort();
          scope.checkpoint();
        }),
      );
      return scope;
    },
  },
  {
    title: '`failed` when the work threw',
    state: 'failed',
    end: (strategy) => {
      const scope = new Timeout(10_000, { strategy });
      outcomeOf(() =>
        scope.runSync(() => {
          throw new Error('work');
        }),
      );
      return scope;
    },
  },
  {
    title: '`failed` when the work threw undefined',
    state: 'failed',
    end: (strategy) => {
      const scope = new Timeout(10_000, { strategy });
      outcomeOf(() =>
        scope.runSync(() => {
          throw undefined;
        }),
      );
      return scope;
    },
  },
  {
    title: '`failed` when cleanup threw',
    state: 'failed',
    end: (strategy) => {
      const scope = new Timeout(10_000, { strategy });
      outcomeOf(() =>
        scope.runSync(() => {
          scope.defer(() => {
            throw new Error('cleanup');
          });
        }),
      );
      return scope;
    },
  },
];

for (const { title, state, end } of endings) {
  testEachStrategy(`the state is ${title}`, (t, strategy) => {
    const scope = end(strategy);
    t.is(scope.state, state);
    t.is(scope.ok, state === 'executed');
  });
}

nativeTest(
  'the state is `cancelled` when the timeout was dropped, and stays so after the end',
  (t) => {
    const scope = new Timeout(REACHABLE);
    const value = scope.runSync(() => {
      scope.cancel();
      t.is(scope.state, 'cancelled');
      spin(REACHABLE + 20);
      return 'after the deadline';
    });
    t.is(value, 'after the deadline');
    t.is(scope.state, 'cancelled');
    t.false(scope.ok);
  },
);

nativeTest('the state is `failed` when the work threw after it was cancelled', (t) => {
  const scope = new Timeout(60_000);
  outcomeOf(() =>
    scope.runSync(() => {
      scope.cancel();
      throw new Error('work');
    }),
  );
  t.is(scope.state, 'failed');
});

nativeTest('the state is `interrupted` when asyncRaise ended it', (t) => {
  const scope = new Timeout(10_000);
  const error = new Error('raised');
  const outcome = outcomeOf(() =>
    scope.runSync(() => {
      asyncRaise(0, error);
      loopForever();
    }),
  );
  t.is(outcome.error, error);
  t.is(scope.state, 'interrupted');
});

test('a scope that its outer one refused to start is `interrupted`', (t) => {
  const inner = new Timeout(10_000);
  let started = false;
  outcomeOf(() =>
    runSync(
      () => {
        spin(2);
        inner.runSync(() => {
          started = true;
        });
      },
      { timeout: 1, grace: 60_000 },
    ),
  );
  t.false(started);
  t.is(inner.state, 'interrupted');
});

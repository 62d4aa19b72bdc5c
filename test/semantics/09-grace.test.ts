import { runSync, Timeout } from 'hardstop';
import { timeoutOf } from '../harness/outcome.js';
import { stageOfForce, testEachStrategy } from '../harness/strategies.js';
import { loopForever, REACHABLE, spin } from '../harness/work.js';

testEachStrategy('work that ends itself in its grace stops cleanly', (t, strategy) => {
  const order: string[] = [];
  const scope = new Timeout(3, { strategy, grace: 60_000 });
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      try {
        for (;;) scope.checkpoint();
      } finally {
        spin(3);
        order.push('finally');
      }
    }),
  );
  t.deepEqual(order, ['finally']);
  t.is(error.stage, 'checkpoint');
  t.true(error.elapsed >= 6);
  t.is(error.timeout, 3);
});

testEachStrategy(
  'work that does not is stopped by force after its grace, not before',
  (t, strategy) => {
    const start = performance.now();
    const scope = new Timeout(5, { strategy, grace: REACHABLE });
    let sawSoftStop = false;
    const error = timeoutOf(t, () =>
      scope.runSync(() => {
        while (!scope.expired);
        sawSoftStop = performance.now() >= start + 5;
        loopForever();
      }),
    );
    t.true(sawSoftStop);
    t.true(performance.now() - start >= REACHABLE + 5);
    t.true(error.elapsed >= REACHABLE + 5 && error.elapsed < 30_000);
    t.regex(error.stage, stageOfForce(strategy));
    t.is(error.timeout, 5);
  },
);

testEachStrategy('without grace the force comes at the deadline', (t, strategy) => {
  for (const grace of [undefined, 0]) {
    const error = timeoutOf(t, () =>
      runSync(loopForever, { timeout: 5, grace: grace ?? 0, strategy }),
    );
    t.not(error.stage, 'checkpoint');
  }
});

testEachStrategy('a grace of Infinity is never ended by force', (t, strategy) => {
  const scope = new Timeout(2, { strategy, grace: Infinity });
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      spin(20);
      scope.checkpoint();
    }),
  );
  t.is(error.stage, 'checkpoint');
});

testEachStrategy('a huge grace does not overflow', (t, strategy) => {
  const scope = new Timeout(2, { strategy, grace: Number.MAX_VALUE });
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      spin(4);
      scope.checkpoint();
    }),
  );
  t.is(error.stage, 'checkpoint');
});

testEachStrategy(
  'an inner scope without grace does not use up the one of the outer',
  (t, strategy) => {
    const outer = new Timeout(60_000, { strategy, grace: 60_000 });
    outer.runSync(() => {
      const error = timeoutOf(t, () => runSync(loopForever, { timeout: 3, strategy }));
      t.not(error.stage, 'checkpoint');
    });
    t.is(outer.state, 'executed');
  },
);

testEachStrategy('the force of an outer scope ends the grace of an inner one', (t, strategy) => {
  const outer = new Timeout(60, { strategy });
  const inner = new Timeout(3, { strategy, grace: 60_000 });
  const error = timeoutOf(t, () => outer.runSync(() => inner.runSync(loopForever)));
  t.is(error.scope, outer);
  t.true(error.elapsed >= 60 && error.elapsed < 30_000);
});

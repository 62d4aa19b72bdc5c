import test from 'ava';
import { runSync } from 'hardstop';
import { assertNeverEarly } from '../harness/never-early.js';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { repetitions } from '../harness/repetitions.js';
import { strategies, testEachStrategy } from '../harness/strategies.js';
import { loopForever, sleep } from '../harness/work.js';

for (const timeout of [0.001, 0.25, 0.5, 1, 1.75, 3, 10, 33.3]) {
  testEachStrategy(`work is not stopped before ${timeout} ms have passed`, (t, strategy) => {
    for (let i = 0; i < 5; i++) {
      assertNeverEarly(t, timeout, () => runSync(loopForever, { timeout, strategy }));
    }
  });
}

for (const strategy of strategies()) {
  test(`never early, at random limits, ever again [${strategy}]`, (t) => {
    let earliest = Infinity;
    for (let i = 0; i < repetitions(strategy === 'native' ? 1000 : 100); i++) {
      const timeout = Math.random() * 3;
      const start = performance.now();
      const { threw } = outcomeOf(() => runSync(loopForever, { timeout, strategy }));
      earliest = Math.min(earliest, performance.now() - start - timeout);
      if (!threw) t.fail('the loop came back');
    }
    t.true(earliest >= 0, `${-earliest} ms early`);
  });
}

testEachStrategy(
  '`elapsed` is not shorter than the limit, and not longer than what the caller sees',
  (t, strategy) => {
    for (let i = 0; i < 20; i++) {
      const timeout = 1 + i / 7;
      const start = performance.now();
      const error = timeoutOf(t, () => runSync(loopForever, { timeout, strategy }));
      t.true(error.elapsed >= timeout);
      t.true(error.elapsed <= performance.now() - start);
    }
  },
);

testEachStrategy('a thread that waits is not stopped early either', (t, strategy) => {
  assertNeverEarly(t, 20, () =>
    runSync(
      () => {
        sleep(10_000);
      },
      { timeout: 20, strategy },
    ),
  );
});

testEachStrategy(
  'the limit counts from the start of the run, not from the making of the scope',
  async (t, strategy) => {
    const { Timeout } = await import('hardstop');
    const scope = new Timeout(20, { strategy });
    sleep(30);
    assertNeverEarly(t, 20, () => scope.runSync(loopForever));
  },
);

testEachStrategy(
  'fake timers that replace performance.now() later on do not matter',
  (t, strategy) => {
    const { now } = performance;
    const start = now.call(performance);
    let outcome;
    try {
      performance.now = () => 0;
      outcome = outcomeOf(() => runSync(loopForever, { timeout: 10, strategy }));
    } finally {
      performance.now = now;
    }
    t.true(outcome.threw);
    t.true(performance.now() - start >= 10);
  },
);

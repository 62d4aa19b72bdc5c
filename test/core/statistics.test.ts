import test from 'ava';
import { runSync, statistics, Timeout } from 'hardstop';
import { outcomeOf } from '../harness/outcome.js';
import { testEachStrategy } from '../harness/strategies.js';
import { loopForever, spin } from '../harness/work.js';

testEachStrategy(
  'statistics count what was armed, expired, interrupted and late',
  (t, strategy) => {
    const before = statistics();
    runSync(() => 1, { timeout: 60_000, strategy });
    runSync(() => 1, { strategy });
    outcomeOf(() => runSync(loopForever, { timeout: 5, strategy }));
    outcomeOf(() => runSync(() => 1, { timeout: 0, strategy }));
    const scope = new Timeout(1, { strategy, grace: 60_000 });
    outcomeOf(() => scope.runSync(() => spin(2)));
    const after = statistics();
    t.is(after.armed - before.armed, 3);
    t.is(after.expired - before.expired, 3);
    t.is(after.interrupted - before.interrupted, 1);
    t.is(after.late - before.late, 1);
    const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
    t.is(total(after.lateness.counts) - total(before.lateness.counts), 3);
  },
);

test('the histogram has a count for each bound, and the last bound takes everything', (t) => {
  const { boundsUs, counts } = statistics().lateness;
  t.is(boundsUs.length, counts.length);
  t.is(boundsUs.at(-1), Infinity);
  t.deepEqual(
    [...boundsUs].sort((a, b) => a - b),
    [...boundsUs],
  );
});

test('a snapshot does not change afterwards, and cannot be changed', (t) => {
  const before = statistics();
  const { armed } = before;
  runSync(() => 1, 60_000);
  t.is(before.armed, armed);
  t.true(Object.isFrozen(before) && Object.isFrozen(before.lateness));
  t.true(Object.isFrozen(before.lateness.counts) && Object.isFrozen(before.lateness.boundsUs));
});

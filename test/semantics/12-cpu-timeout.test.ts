import { runSync, Timeout } from 'hardstop';
import { nativeTest } from '../harness/native-test.js';
import { timeoutOf } from '../harness/outcome.js';
import { loopForever, REACHABLE, sleep, spin } from '../harness/work.js';

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

nativeTest('work that burns its CPU limit is stopped', (t) => {
  const scope = new Timeout(undefined, { cpuTimeout: 15 });
  const before = cpuMs();
  const error = timeoutOf(t, () => scope.runSync(loopForever));
  // The whole process has burnt at least as much; what Linux adds up is exact to some µs.
  t.true(cpuMs() - before >= 14.9);
  t.is(error.scope, scope);
  t.is(scope.state, 'timed_out');
  t.true(error.elapsed >= 14.9 && error.elapsed < 30_000);
  t.is(error.clock, 'cpu');
  t.is(error.timeout, 15);
  t.regex(error.message, /15 ms of CPU time/);
});

nativeTest('work that sleeps does not burn it', (t) => {
  const scope = new Timeout(undefined, { cpuTimeout: REACHABLE });
  const value = scope.runSync(() => {
    sleep(REACHABLE + 50);
    return 'value';
  });
  t.is(value, 'value');
  t.is(scope.state, 'executed');
});

nativeTest('both limits may stand side by side, and the first one stops the work', (t) => {
  const wall = timeoutOf(t, () =>
    runSync(
      () => {
        sleep(60_000);
      },
      { timeout: 10, cpuTimeout: 60_000 },
    ),
  );
  t.true(wall.elapsed >= 10 && wall.elapsed < 30_000);
  t.is(wall.timeout, 10);
  t.is(wall.clock, 'wall');
  const cpu = timeoutOf(t, () => runSync(loopForever, { timeout: 60_000, cpuTimeout: 5 }));
  t.true(cpu.elapsed < 30_000);
  t.is(cpu.clock, 'cpu');
  t.is(cpu.timeout, 5);
});

nativeTest('what the thread burnt before does not count', (t) => {
  spin(REACHABLE + 50);
  t.is(
    runSync(() => 'value', { cpuTimeout: REACHABLE }),
    'value',
  );
});

nativeTest('a value that comes after the CPU limit is late', (t) => {
  const scope = new Timeout(undefined, { cpuTimeout: 2, grace: 60_000 });
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      // Busy whatever the scheduler does, and long: the clock is the process's, whose other threads burn time as well.
      const before = cpuMs();
      while (cpuMs() - before < 100);
    }),
  );
  t.is(error.scope, scope);
});

nativeTest('a used-up CPU limit is a soft stop first where there is grace', (t) => {
  const scope = new Timeout(undefined, { cpuTimeout: 3, grace: 60_000 });
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      for (;;) scope.checkpoint();
    }),
  );
  t.is(error.stage, 'checkpoint');
});

nativeTest('a CPU limit of 0 or Infinity', (t) => {
  t.is(
    runSync(() => 'value', { cpuTimeout: Infinity }),
    'value',
  );
  const error = timeoutOf(t, () =>
    runSync(() => t.fail('It was started'), { cpuTimeout: 0, timeout: 60_000 }),
  );
  t.deepEqual(
    [error.stage, error.clock, error.timeout, error.stopped],
    ['refused', 'cpu', 0, true],
  );
});

nativeTest('an inner CPU limit does not touch the outer scope', (t) => {
  const outer = new Timeout(60_000);
  outer.runSync(() => {
    const inner = new Timeout(undefined, { cpuTimeout: 4 });
    t.is(timeoutOf(t, () => inner.runSync(loopForever)).scope, inner);
  });
  t.is(outer.state, 'executed');
});

nativeTest('an outer CPU limit stops an inner scope', (t) => {
  const outer = new Timeout(undefined, { cpuTimeout: 6 });
  const inner = new Timeout(60_000);
  const error = timeoutOf(t, () => outer.runSync(() => inner.runSync(loopForever)));
  t.is(error.scope, outer);
  t.is(inner.state, 'interrupted');
});

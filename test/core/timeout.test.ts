import { inspect } from 'node:util';
import test from 'ava';
import { InvalidStateError, runSync, Timeout } from 'hardstop';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { testEachStrategy } from '../harness/strategies.js';
import { loopForever, REACHABLE } from '../harness/work.js';

test('a new scope is pending, and nothing runs', (t) => {
  const scope = new Timeout(50, { name: 'parse' });
  t.is(scope.state, 'pending');
  t.false(scope.ok);
  t.is(scope.timeout, 50);
  t.is(scope.name, 'parse');
  t.is(scope.deadline, Infinity);
  t.is(scope.remaining(), 50);
  t.is(scope.elapsed(), 0);
  t.false(scope.expired);
  t.notThrows(() => {
    scope.checkpoint();
  });
});

test('a new scope with a deadline counts down to it', (t) => {
  const deadline = performance.now() + 60_000;
  const scope = new Timeout(undefined, { deadline });
  t.is(scope.deadline, deadline);
  const remaining = scope.remaining();
  t.true(remaining > 0 && remaining <= 60_000);
  t.is(new Timeout(undefined, { deadline: 0 }).remaining(), 0);
});

test('a scope reads as `Timeout: 100 ms`', (t) => {
  t.is(String(new Timeout(100)), 'Timeout: 100 ms');
  t.is(String(new Timeout(0.25, { name: 'parse' })), 'Timeout: 0.25 ms (parse)');
  t.is(String(new Timeout()), 'Timeout: Infinity ms');
  t.is(inspect(new Timeout(100)), "Timeout { timeout: 100, state: 'pending' }");
});

test('the inside of a scope is not visible', (t) => {
  t.deepEqual(Reflect.ownKeys(new Timeout(100)), []);
});

testEachStrategy('a scope is handed to its work', (t, strategy) => {
  const scope = new Timeout(60_000, { strategy });
  t.is(
    scope.runSync((own) => own),
    scope,
  );
  t.true(runSync((own) => own instanceof Timeout, { timeout: 60_000, strategy }));
});

testEachStrategy('a subclass of Timeout is handed to its work as it is', (t, strategy) => {
  class Named extends Timeout {
    readonly label = 'mine';
  }
  t.is(
    new Named(60_000, { strategy }).runSync((own) => own.label),
    'mine',
  );
});

testEachStrategy('a scope that runs cannot be started again inside', (t, strategy) => {
  const scope = new Timeout(60_000, { strategy });
  let started = false;
  const outcome = scope.runSync(() =>
    outcomeOf(() =>
      scope.runSync(() => {
        started = true;
      }),
    ),
  );
  t.true(outcome.error instanceof InvalidStateError);
  t.is((outcome.error as InvalidStateError).code, 'ERR_HARDSTOP_INVALID_STATE');
  t.false(started);
  t.is(scope.state, 'executed');
});

testEachStrategy('nor through a scope in between', (t, strategy) => {
  const scope = new Timeout(60_000, { strategy });
  const outcome = scope.runSync(() =>
    runSync(() => outcomeOf(() => scope.runSync(() => 1)), { timeout: 30_000, strategy }),
  );
  t.true(outcome.error instanceof InvalidStateError);
  t.is(
    scope.runSync(() => 1),
    1,
  );
});

testEachStrategy('a scope can be run again after it has ended, as good as new', (t, strategy) => {
  const scope = new Timeout(REACHABLE, { strategy });
  const first = timeoutOf(t, () => scope.runSync(loopForever));
  t.is(scope.state, 'timed_out');
  t.true(scope.expired);
  const states = scope.runSync(() => [scope.state, scope.ok, scope.expired]);
  t.deepEqual(states, ['executing', false, false]);
  t.is(scope.state, 'executed');
  t.true(scope.ok);
  const second = timeoutOf(t, () => scope.runSync(loopForever));
  t.not(second, first);
  t.is(second.scope, scope);
  t.throws(
    () =>
      scope.runSync(() => {
        throw new Error('work');
      }),
    { message: 'work' },
  );
  t.is(scope.state, 'failed');
  t.is(
    scope.runSync(() => scope.checkpoint()),
    undefined,
  );
  t.is(scope.state, 'executed');
});

testEachStrategy('cleanup and signals belong to one run', (t, strategy) => {
  const scope = new Timeout(REACHABLE, { strategy });
  let cleanups = 0;
  let signal: AbortSignal | undefined;
  timeoutOf(t, () =>
    scope.runSync(() => {
      scope.defer(() => cleanups++);
      signal = scope.signal;
      loopForever();
    }),
  );
  t.true(signal?.aborted);
  const second = scope.runSync(() => scope.signal);
  t.not(second, signal);
  t.false(second.aborted);
  t.is(cleanups, 1);
});

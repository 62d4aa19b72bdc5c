import { inspect } from 'node:util';
import test from 'ava';
import { runSync, Timeout, TimeoutError } from 'hardstop';
import { timeoutOf } from '../harness/outcome.js';
import { type InThreadStrategy, stageOfForce, testEachStrategy } from '../harness/strategies.js';
import { loopForever, spin } from '../harness/work.js';

function stopLoop(strategy: InThreadStrategy): unknown {
  return runSync(loopForever, { timeout: 5, strategy });
}

testEachStrategy(
  'its name is inherited and not enumerable, as the built-in ones are',
  (t, strategy) => {
    const error = timeoutOf(t, () => stopLoop(strategy));
    t.is(error.name, 'TimeoutError');
    t.false(Object.hasOwn(error, 'name'));
    t.false(Object.keys(error).includes('name'));
    t.false(Object.getOwnPropertyDescriptor(TimeoutError.prototype, 'name')?.enumerable);
    t.is(String(error), `TimeoutError: ${error.message}`);
  },
);

testEachStrategy(
  'it says which limit, how long, by what, how far, and whether the work runs no more',
  (t, strategy) => {
    const error = timeoutOf(t, () => stopLoop(strategy));
    t.true(error instanceof Error);
    t.is(error.code, 'ERR_HARDSTOP_TIMEOUT');
    t.is(error.timeout, 5);
    t.true(error.elapsed >= 5);
    t.is(error.strategy, strategy);
    t.regex(error.stage, stageOfForce(strategy));
    t.true(error.stopped);
  },
);

testEachStrategy('it leads to its scope without showing it', (t, strategy) => {
  const scope = new Timeout(5, { strategy });
  const error = timeoutOf(t, () => scope.runSync(loopForever));
  t.is(error.scope, scope);
  t.deepEqual(Object.keys(error).sort(), [
    'clock',
    'code',
    'elapsed',
    'stage',
    'stopped',
    'strategy',
    'timeout',
  ]);
  t.false(inspect(error).includes('scope'));
});

testEachStrategy('it can be written as JSON', (t, strategy) => {
  const scope = new Timeout(5, { strategy });
  const error = timeoutOf(t, () => scope.runSync(loopForever));
  t.like(JSON.parse(JSON.stringify(error)), { code: 'ERR_HARDSTOP_TIMEOUT', timeout: 5 });
});

testEachStrategy('its stack begins at the call of runSync', (t, strategy) => {
  const { stack } = timeoutOf(t, function theCaller() {
    return runSync(loopForever, { timeout: 5, strategy });
  });
  t.regex(stack?.split('\n')[1] ?? '', /^ +at theCaller /);
});

testEachStrategy('or of a method of the scope', (t, strategy) => {
  const scope = new Timeout(5, { strategy });
  const { stack } = timeoutOf(t, function theCaller() {
    return scope.runSync(loopForever);
  });
  t.regex(stack?.split('\n')[1] ?? '', /^ +at theCaller /);
});

testEachStrategy('or of checkpoint()', (t, strategy) => {
  const scope = new Timeout(1, { strategy, grace: 60_000 });
  const error = timeoutOf(t, () =>
    scope.runSync(function theWork() {
      spin(2);
      scope.checkpoint();
    }),
  );
  t.regex(error.stack?.split('\n')[1] ?? '', /^ +at (\w+\.)?theWork /);
});

testEachStrategy(
  'its message tells the limit, the label, the strategy and the stage',
  (t, strategy) => {
    const how = strategy === 'native' ? 'native: (?:interrupt|terminat)ed' : 'vm: terminated';
    const plain = timeoutOf(t, () => stopLoop(strategy));
    t.regex(plain.message, new RegExp(`^Timed out after 5 ms \\(${how}[^)]*\\)$`));
    t.true(plain.stack?.startsWith(`TimeoutError: ${plain.message}\n`));
    const labelled = timeoutOf(t, () =>
      runSync(loopForever, { timeout: 0.25, strategy, name: 'parse' }),
    );
    t.regex(labelled.message, /^Timed out after 0\.25 ms: `parse` \(/);
    const refused = timeoutOf(t, () => runSync(loopForever, { timeout: 0, strategy }));
    t.is(refused.message, `Timed out after 0 ms (${strategy}: not started)`);
    t.is(refused.stage, 'refused');
  },
);

testEachStrategy('a stop that was delayed says so', (t, strategy) => {
  const text = JSON.stringify({
    list: Array.from({ length: 400_000 }, (_, i) => ({ i, s: `${i}` })),
  });
  const error = timeoutOf(t, () =>
    runSync(
      () => {
        // It never looks at interrupts; repeated until it has taken long enough on any machine.
        const end = performance.now() + 60;
        do JSON.parse(text);
        while (performance.now() < end);
      },
      { timeout: 1, strategy },
    ),
  );
  t.true(error.elapsed >= 1);
  const delay = error.elapsed - 1;
  if (delay >= 20) t.regex(error.message, /, [\d.]+ ms after its deadline\)$/);
  else t.false(error.message.includes('after its deadline'));
});

test('making it leaves the settings of stack traces alone', (t) => {
  const { stackTraceLimit, prepareStackTrace } = Error;
  const error = timeoutOf(t, () => runSync(loopForever, 1));
  t.is(Error.stackTraceLimit, stackTraceLimit);
  t.is(Error.prepareStackTrace, prepareStackTrace);
  t.true((error.stack?.split('\n').length ?? 0) > 2);
});

test('users can make one, for their own tests', (t) => {
  const error = new TimeoutError({
    timeout: 50,
    elapsed: 51.5,
    clock: 'wall',
    strategy: 'vm',
    stage: 'terminate',
    stopped: true,
    label: 'parse',
  });
  t.is(error.message, 'Timed out after 50 ms: `parse` (vm: terminated)');
  t.is(error.cause, undefined);
  t.false(Object.hasOwn(error, 'cause'));
});

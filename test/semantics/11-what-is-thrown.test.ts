import { runInNewContext } from 'node:vm';
import { type ErrorOption, runSync, Timeout, TimeoutError } from 'hardstop';
import type { SuppressedErrorLike } from '#internal/core/cleanup-stack.js';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { testEachStrategy } from '../harness/strategies.js';
import { loopForever } from '../harness/work.js';

testEachStrategy('`default` is returned instead of throwing, whatever it is', (t, strategy) => {
  for (const value of ['value', 0, null, undefined, new Error('as a value'), Symbol('s')]) {
    const scope = new Timeout(2, { strategy, default: value });
    t.is(scope.runSync(loopForever), value as never);
    t.is(scope.state, 'timed_out');
  }
  t.is(
    runSync(() => 1, { timeout: 0, default: undefined, strategy }),
    undefined,
  );
});

testEachStrategy('`default` does not replace a value that came in time', (t, strategy) => {
  t.is(
    runSync(() => 'value', { timeout: 60_000, default: 'default', strategy }),
    'value',
  );
});

testEachStrategy('`error: false` returns undefined', (t, strategy) => {
  const scope = new Timeout(2, { strategy, error: false });
  t.is(scope.runSync(loopForever), undefined as never);
  t.is(scope.state, 'timed_out');
});

testEachStrategy('`error: false` suppresses its own timeout and no other', (t, strategy) => {
  const outer = new Timeout(5, { strategy });
  const error = timeoutOf(t, () =>
    outer.runSync(() => {
      runSync(loopForever, { timeout: 60_000, strategy, error: false });
    }),
  );
  t.is(error.scope, outer);
});

testEachStrategy('`error` as an Error is thrown as it is', (t, strategy) => {
  const mine = Object.freeze(new RangeError('mine'));
  const { error } = outcomeOf(() => runSync(loopForever, { timeout: 2, strategy, error: mine }));
  t.is(error, mine);
});

testEachStrategy('`error` as a message is the message of the TimeoutError', (t, strategy) => {
  const error = timeoutOf(t, () =>
    runSync(loopForever, { timeout: 2, strategy, error: 'too slow: $&' }),
  );
  t.is(error.message, 'too slow: $&');
  t.true(error.stack?.startsWith('TimeoutError: too slow: $&\n'));
  t.is(error.timeout, 2);
});

testEachStrategy('`error` may be of another realm, in each of its forms', (t, strategy) => {
  const [Foreign, foreign] = runInNewContext(
    "[class extends RangeError {}, new RangeError('foreign')]",
  ) as [ErrorConstructor, Error];
  const thrownWith = (option: ErrorOption): unknown =>
    outcomeOf(() => runSync(loopForever, { timeout: 2, strategy, error: option })).error;
  t.is(thrownWith(foreign), foreign);
  t.is(
    thrownWith(() => foreign),
    foreign,
  );
  const made = thrownWith(Foreign) as Error;
  t.true(made instanceof Foreign);
  t.true(made.cause instanceof TimeoutError);
  t.is(made.message, (made.cause as TimeoutError).message);
});

testEachStrategy('`error` as a class is made with message and cause', (t, strategy) => {
  class SlowError extends Error {
    override readonly name = 'SlowError';
  }
  const { error } = outcomeOf(() =>
    runSync(loopForever, { timeout: 2, strategy, error: SlowError, name: 'parse' }),
  );
  t.true(error instanceof SlowError);
  const { cause, message } = error as SlowError;
  t.true(cause instanceof TimeoutError);
  t.is(message, (cause as TimeoutError).message);
  t.true(
    outcomeOf(() => runSync(loopForever, { timeout: 2, strategy, error: Error })).error instanceof
      Error,
  );
});

testEachStrategy(
  '`error` as a function gets the TimeoutError and makes the error',
  (t, strategy) => {
    const scope = new Timeout(2, {
      strategy,
      error: (timeoutError) =>
        new Error(`after ${timeoutError.timeout} ms`, { cause: timeoutError }),
    });
    const { error } = outcomeOf(() => scope.runSync(loopForever));
    t.is((error as Error).message, 'after 2 ms');
    t.is(((error as Error).cause as TimeoutError).scope, scope);
  },
);

testEachStrategy(
  'an error that the function throws is not lost, nor is the timeout',
  (t, strategy) => {
    const broken = new Error('broken');
    const scope = new Timeout(2, {
      strategy,
      error: () => {
        throw broken;
      },
    });
    const { error } = outcomeOf(() => scope.runSync(loopForever));
    t.is((error as SuppressedErrorLike).error, broken);
    t.is(((error as SuppressedErrorLike).suppressed as TimeoutError).scope, scope);
  },
);

testEachStrategy('`error` says nothing of errors of the work', (t, strategy) => {
  const mine = new Error('work');
  const { error } = outcomeOf(() =>
    runSync(
      () => {
        throw mine;
      },
      { timeout: 60_000, strategy, error: 'too slow' },
    ),
  );
  t.is(error, mine);
});

testEachStrategy(
  '`onTimeout` is called once, with the error, just before it is thrown or suppressed',
  (t, strategy) => {
    for (const options of [{}, { error: false }, { default: 1 }, { error: 'text' }] as const) {
      const seen: unknown[] = [];
      const scope = new Timeout(2, {
        strategy,
        ...options,
        onTimeout(error) {
          seen.push(error, scope.state);
        },
      });
      const { error } = outcomeOf(() => scope.runSync(loopForever));
      t.is(seen.length, 2);
      t.is((seen[0] as TimeoutError).scope, scope);
      t.is(seen[1], 'timed_out');
      if (error !== undefined) t.is(seen[0], error);
    }
  },
);

testEachStrategy('`onTimeout` is not called when there is none', (t, strategy) => {
  let calls = 0;
  const options = { timeout: 60_000, strategy, onTimeout: () => calls++ };
  runSync(() => 1, options);
  outcomeOf(() =>
    runSync(() => {
      throw new Error('work');
    }, options),
  );
  t.is(calls, 0);
});

testEachStrategy(
  'an error that `onTimeout` throws is not lost, nor is the timeout',
  (t, strategy) => {
    const broken = new Error('broken');
    for (const options of [{}, { error: false }, { default: 1 }] as const) {
      const scope = new Timeout(2, {
        strategy,
        ...options,
        onTimeout() {
          throw broken;
        },
      });
      const { error } = outcomeOf(() => scope.runSync(loopForever));
      t.is((error as SuppressedErrorLike).error, broken);
      t.is(((error as SuppressedErrorLike).suppressed as TimeoutError).scope, scope);
      t.is(scope.state, 'timed_out');
    }
  },
);

import test from 'ava';
import { currentScope, runCommand, runInWorker, runSync, Timeout, TimeoutError } from 'hardstop';
import { nativeTest } from '../harness/native-test.js';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { repetitions } from '../harness/repetitions.js';
import { testEachStrategy } from '../harness/strategies.js';
import { loopForever, REACHABLE, spin } from '../harness/work.js';

testEachStrategy(
  "a scope's signal is made when it is first read, and stays the same",
  (t, strategy) => {
    const scope = new Timeout(60_000, { strategy });
    scope.runSync(() => {
      const { signal } = scope;
      t.true(signal instanceof AbortSignal);
      t.is(scope.signal, signal);
      t.false(signal.aborted);
      t.is(signal.reason, undefined);
    });
    t.false(scope.signal.aborted);
  },
);

testEachStrategy('a loop that polls `signal.aborted` sees the soft stop', (t, strategy) => {
  const scope = new Timeout(4, { strategy, grace: 60_000, error: false });
  const start = performance.now();
  scope.runSync(() => {
    const { signal } = scope;
    while (!signal.aborted);
    t.true(performance.now() - start >= 4);
    t.true(signal.reason instanceof TimeoutError);
    t.is((signal.reason as TimeoutError).scope, scope);
    t.throws(
      () => {
        signal.throwIfAborted();
      },
      { instanceOf: TimeoutError },
    );
  });
});

testEachStrategy(
  'a loop that calls `throwIfAborted` ends with the one error of the scope',
  (t, strategy) => {
    const scope = new Timeout(4, { strategy, grace: 60_000 });
    const error = timeoutOf(t, () =>
      scope.runSync(() => {
        for (;;) scope.signal.throwIfAborted();
      }),
    );
    t.is(error.scope, scope);
    t.is(scope.signal.reason, error);
    t.is(scope.state, 'timed_out');
  },
);

testEachStrategy(
  'listeners of the signal are told once, with the error that is thrown',
  (t, strategy) => {
    const scope = new Timeout(REACHABLE, { strategy });
    const reasons: unknown[] = [];
    const error = timeoutOf(t, () =>
      scope.runSync(() => {
        const { signal } = scope;
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        loopForever();
      }),
    );
    t.deepEqual(reasons, [error]);
    t.true(scope.signal.aborted);
    t.is(scope.signal.reason, error);
  },
);

testEachStrategy(
  'the signal of an inner scope aborts with the error of the scope that struck',
  (t, strategy) => {
    const outer = new Timeout(REACHABLE, { strategy, grace: 60_000, error: false });
    const inner = new Timeout(60_000, { strategy });
    outer.runSync(() =>
      inner.runSync(() => {
        const { signal } = inner;
        while (!signal.aborted);
        t.is((signal.reason as TimeoutError).scope, outer);
      }),
    );
  },
);

testEachStrategy('a signal that is read after the stop is aborted', (t, strategy) => {
  const scope = new Timeout(3, { strategy });
  const error = timeoutOf(t, () => scope.runSync(loopForever));
  t.true(scope.signal.aborted);
  t.is(scope.signal.reason, error);
});

testEachStrategy('a signal works with what takes signals', async (t, strategy) => {
  const { setTimeout: delay } = await import('node:timers/promises');
  const scope = new Timeout(REACHABLE, { strategy });
  let pending: Promise<unknown> | undefined;
  timeoutOf(t, () =>
    scope.runSync(() => {
      pending = delay(60_000, undefined, { signal: scope.signal });
      pending.catch(() => undefined);
      loopForever();
    }),
  );
  await t.throwsAsync(pending as Promise<unknown>, { name: 'AbortError' });
});

testEachStrategy(
  'the `signal` option: one that is aborted already refuses the work',
  (t, strategy) => {
    let started = false;
    for (const reason of [new Error('reason'), 'text', 0, undefined]) {
      const scope = new Timeout(60_000, {
        strategy,
        signal: AbortSignal.abort(reason),
        default: 'default',
      });
      const { error, threw } = outcomeOf(() =>
        scope.runSync(() => {
          started = true;
        }),
      );
      t.true(threw);
      if (reason === undefined) t.is((error as Error).name, 'AbortError');
      else t.is(error, reason);
      t.is(scope.state, 'interrupted');
    }
    t.false(started);
  },
);

nativeTest('the `signal` option: aborting inside stops the work, and its reason is thrown', (t) => {
  for (const reason of [new Error('reason'), 'text', null]) {
    const controller = new AbortController();
    const scope = new Timeout(60_000, { signal: controller.signal });
    const { error } = outcomeOf(() =>
      scope.runSync(() => {
        controller.abort(reason);
        loopForever();
      }),
    );
    t.is(error, reason);
    t.is(scope.state, 'interrupted');
  }
});

testEachStrategy(
  'the `signal` option: with any strategy a checkpoint throws the reason',
  (t, strategy) => {
    const controller = new AbortController();
    const reason = new Error('reason');
    const scope = new Timeout(60_000, { strategy, signal: controller.signal });
    const { error } = outcomeOf(() =>
      scope.runSync(() => {
        controller.abort(reason);
        for (;;) scope.checkpoint();
      }),
    );
    t.is(error, reason);
  },
);

testEachStrategy(
  'the `signal` option: an abort decides, also when the work then returns',
  (t, strategy) => {
    const controller = new AbortController();
    const reason = new Error('reason');
    const scope = new Timeout(60_000, { strategy, signal: controller.signal, default: 'default' });
    const { error } = outcomeOf(() =>
      scope.runSync(() => {
        controller.abort(reason);
        return 'value';
      }),
    );
    t.is(error, reason);
    t.is(scope.state, 'interrupted');
  },
);

nativeTest('the `signal` option: aborting ends an inner scope with the one it belongs to', (t) => {
  const controller = new AbortController();
  const reason = new Error('reason');
  const outer = new Timeout(60_000, { signal: controller.signal });
  const inner = new Timeout(60_000);
  let reached = false;
  const { error } = outcomeOf(() =>
    outer.runSync(() => {
      outcomeOf(() =>
        inner.runSync(() => {
          controller.abort(reason);
          loopForever();
        }),
      );
      reached = true;
    }),
  );
  t.is(error, reason);
  t.false(reached);
  t.deepEqual([inner.state, outer.state], ['interrupted', 'interrupted']);
});

testEachStrategy('the `signal` option: a deadline that comes first wins', (t, strategy) => {
  const controller = new AbortController();
  const scope = new Timeout(3, { strategy, signal: controller.signal });
  const error = timeoutOf(t, () => scope.runSync(loopForever));
  controller.abort();
  t.is(error.scope, scope);
  t.is(scope.state, 'timed_out');
});

testEachStrategy('the `signal` option: aborting after the run does nothing', (t, strategy) => {
  const controller = new AbortController();
  const scope = new Timeout(60_000, { strategy, signal: controller.signal });
  scope.runSync(() => 1);
  controller.abort();
  t.is(scope.state, 'executed');
  t.is(
    runSync(() => 'value', { timeout: 60_000, strategy }),
    'value',
  );
});

testEachStrategy('the `signal` option: no listener stays behind', (t, strategy) => {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const counted = {
    get aborted() {
      return signal.aborted;
    },
    get reason(): unknown {
      return signal.reason;
    },
    addEventListener(...args: Parameters<AbortSignal['addEventListener']>) {
      listeners.add(args[1]);
      signal.addEventListener(...args);
    },
    removeEventListener(...args: Parameters<AbortSignal['removeEventListener']>) {
      listeners.delete(args[1]);
      signal.removeEventListener(...args);
    },
  };
  const options = { timeout: 60_000, strategy, signal: counted as unknown as AbortSignal };
  const runs = repetitions(strategy === 'native' ? 10_000 : 500);
  for (let i = 0; i < runs; i++) runSync(() => i, options);
  t.is(listeners.size, 0);
  outcomeOf(() => runSync(loopForever, { ...options, timeout: 3 }));
  outcomeOf(() =>
    runSync(() => {
      throw new Error('work');
    }, options),
  );
  outcomeOf(() => runSync(loopForever, { ...options, timeout: 0 }));
  outcomeOf(() => runSync(() => runSync(loopForever, options), { timeout: 60, strategy }));
  t.is(listeners.size, 0);
});

test('the `signal` option: 10,000 runs with one signal warn of no leak', async (t) => {
  const warnings: Error[] = [];
  const listener = (warning: Error): unknown => warnings.push(warning);
  process.on('warning', listener);
  const { signal } = new AbortController();
  for (let i = 0; i < repetitions(10_000); i++) runSync(() => i, { signal });
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listener);
  t.deepEqual(warnings, []);
});

testEachStrategy('the signal of one scope may be the option of another', (t, strategy) => {
  const outer = new Timeout(3, { strategy, grace: 60_000, error: false });
  outer.runSync(() => {
    const inner = new Timeout(60_000, { strategy, signal: outer.signal });
    while (!outer.signal.aborted) spin(0.1);
    const { error } = outcomeOf(() => inner.runSync(() => 1));
    t.is(error, outer.signal.reason);
  });
});

testEachStrategy(
  'the `signal` option: one that cannot be listened to fails the run, and leaves nothing behind',
  async (t, strategy) => {
    const error = new Error('no listeners');
    const signal = {
      aborted: false,
      addEventListener() {
        throw error;
      },
      removeEventListener() {},
    } as never;
    let cleaned = 0;
    const scope = new Timeout(60_000, { strategy, signal });
    scope.defer(() => cleaned++);
    t.throws(() => scope.runSync(() => t.fail('It was started')), { is: error });
    t.is(scope.state, 'failed');
    t.is(cleaned, 1);
    const asynchronous = new Timeout(60_000, { signal });
    asynchronous.defer(() => cleaned++);
    await t.throwsAsync(
      asynchronous.run(() => t.fail('It was started')),
      { is: error },
    );
    t.is(asynchronous.state, 'failed');
    t.is(cleaned, 2);
    t.false(asynchronous.pending);
    await t.throwsAsync(
      runInWorker(() => 'started', { signal }),
      { is: error },
    );
    await t.throwsAsync(runCommand('echo', ['started'], { signal }), { is: error });
    t.is(currentScope(), undefined);
  },
);

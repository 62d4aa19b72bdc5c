import { getEventListeners, once, EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { isTimeoutError, run, Timeout, TimeoutError } from 'hardstop';
import type { SuppressedErrorLike } from '#internal/core/cleanup-stack.js';
import { collectGarbage } from '../harness/collect-garbage.js';
import {
  abortOf,
  defer,
  forever,
  runWithin,
  settled,
  timeoutFrom,
  turn,
} from '../harness/async-work.js';
import { repetitions } from '../harness/repetitions.js';
import { runSource } from '../harness/run-fixture.js';
import { REACHABLE, spinUntil } from '../harness/work.js';

test.serial('the signal is created only when it is read', async (t) => {
  const { AbortController: Original } = globalThis;
  let made = 0;
  globalThis.AbortController = class extends Original {
    constructor() {
      super();
      made++;
    }
  };
  try {
    await run(async () => turn(), 60_000);
    await settled(run(forever, 2));
    await settled(run(forever, { timeout: 2, grace: 2 }));
    await settled(
      run(function* () {
        yield forever();
      }, 2),
    );
    t.is(made, 0);
    await run(async (scope) => [scope.signal, scope.signal], 60_000);
    t.is(made, 1);
  } finally {
    globalThis.AbortController = Original;
  }
});

test('the signal aborts at the deadline with the very error that the run rejects with', async (t) => {
  const scope = new Timeout();
  const seen: unknown[] = [];
  const error = await timeoutFrom(
    t,
    runWithin(scope, 10, async (running) => {
      const { signal } = running;
      t.is(signal, running.signal);
      t.false(signal.aborted);
      signal.addEventListener('abort', () => {
        seen.push(signal.reason, scope.expired, scope.state);
      });
      await forever();
    }),
  );
  t.deepEqual(seen, [error, true, 'executing']);
  t.is(scope.signal.reason, error);
  t.true(scope.signal.aborted);
});

test('the signal aborts before the run rejects, never early', async (t) => {
  for (let round = 0; round < repetitions(50); round++) {
    const order: string[] = [];
    const scope = new Timeout();
    const limit = Math.random() * 3;
    const startedAt = performance.now();
    let abortedAt = 0;
    await settled(
      runWithin(scope, limit, (running) => {
        running.signal.onabort = () => {
          abortedAt = performance.now();
          order.push('abort');
        };
        return forever();
      }).finally(() => order.push('rejected')),
    );
    t.deepEqual(order, ['abort', 'rejected']);
    t.true(abortedAt - startedAt >= limit);
  }
});

test('the signal does not abort where the deadline has not struck', async (t) => {
  const signals: AbortSignal[] = [];
  await run(async ({ signal }) => {
    signals.push(signal);
    await turn();
  }, 60_000);
  await settled(
    run(async ({ signal }) => {
      signals.push(signal);
      await turn();
      throw new Error('of the work');
    }, 60_000),
  );
  await run(async (scope) => {
    signals.push(scope.signal);
    scope.reschedule(REACHABLE);
    scope.cancel();
    await delay(REACHABLE + 15);
  }, 60_000);
  await turn();
  t.deepEqual(
    signals.map(({ aborted }) => aborted),
    [false, false, false],
  );
});

test('the signal of the work aborts for an abort from outside, with its reason', async (t) => {
  const outside = new AbortController();
  const reason = new Error('stop');
  let inside: AbortSignal | undefined;
  const outcome = settled(
    run(
      ({ signal }) => {
        inside = signal;
        return forever();
      },
      { timeout: 60_000, signal: outside.signal },
    ),
  );
  await turn();
  outside.abort(reason);
  t.is((await outcome).error, reason);
  t.is(inside?.reason, reason);
});

test('reading the signal after the end does not rewrite the error', async (t) => {
  const scope = new Timeout(5);
  const error = await timeoutFrom(t, scope.run(forever));
  const before = [error.stage, error.stopped, error.elapsed, error.message];
  t.true(scope.signal.aborted);
  t.is(scope.signal.reason, error);
  t.deepEqual([error.stage, error.stopped, error.elapsed, error.message], before);
});

test('a checkpoint in abandoned work does not rewrite the error that was handed out', async (t) => {
  const scope = new Timeout();
  const gate = defer();
  const thrown = defer();
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, async () => {
      await gate.promise;
      try {
        scope.checkpoint();
        thrown.resolve(undefined);
      } catch (reason) {
        thrown.resolve(reason);
      }
    }),
  );
  const before = [error.stage, error.stopped, error.elapsed, error.message];
  gate.resolve(undefined);
  t.is(await thrown.promise, error);
  t.deepEqual([error.stage, error.stopped, error.elapsed, error.message], before);
});

test('work that listens and settles at once has stopped: stage signal', async (t) => {
  const scope = new Timeout();
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, ({ signal }) => delay(600_000, undefined, { signal })),
  );
  t.is(error.scope, scope);
  t.is(error.stage, 'signal');
  t.true(error.stopped);
});

test('the AbortError of Node for the signal becomes the timeout: timers, events', async (t) => {
  const works: ((scope: Timeout) => Promise<unknown>)[] = [
    ({ signal }) => delay(600_000, undefined, { signal }),
    ({ signal }) => once(new EventEmitter(), 'never', { signal }),
    async ({ signal }) => {
      signal.throwIfAborted();
      await forever().catch(() => {});
    },
    async ({ signal }) => {
      await abortOf(signal);
      signal.throwIfAborted();
    },
  ];
  for (const work of works) {
    const scope = new Timeout(undefined, { grace: work === works[2] ? 1 : 600_000 });
    const error = await timeoutFrom(t, runWithin(scope, 5, work));
    t.is(error.scope, scope);
    t.is(error.stage, work === works[2] ? 'abandoned' : 'signal');
    t.is(scope.state, 'timed_out');
  }
});

test('with a grace the work is waited for: it has stopped when the run rejects', async (t) => {
  const order: string[] = [];
  const scope = new Timeout(undefined, { grace: 600_000 });
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, async ({ signal }) => {
      await abortOf(signal);
      order.push('aborted');
      await delay(10);
      order.push('cleaned up');
      return 'a value that is too late';
    }).finally(() => order.push('rejected')),
  );
  t.deepEqual(order, ['aborted', 'cleaned up', 'rejected']);
  t.is(error.stage, 'signal');
  t.true(error.stopped);
  t.true(error.elapsed >= 5);
});

test('a grace that is over ends the wait, never early', async (t) => {
  for (let round = 0; round < repetitions(30); round++) {
    const timeout = Math.random() * 3;
    const grace = 0.1 + Math.random() * 3;
    const startedAt = performance.now();
    let abortedAt = 0;
    const error = await timeoutFrom(
      t,
      runWithin(new Timeout(undefined, { grace }), timeout, ({ signal }) => {
        signal.addEventListener('abort', () => (abortedAt = performance.now()));
        return forever();
      }),
    );
    t.true(abortedAt - startedAt >= timeout);
    t.true(performance.now() - startedAt >= timeout + grace);
    t.is(error.stage, 'abandoned');
    t.false(error.stopped);
  }
});

test('during the grace the scope is still executing, expired and not pending', async (t) => {
  const scope = new Timeout(undefined, { grace: 600_000 });
  const seen: unknown[] = [];
  await settled(
    runWithin(scope, 5, async ({ signal }) => {
      await abortOf(signal);
      await turn();
      seen.push(scope.state, scope.expired, scope.pending, scope.remaining());
      t.throws(
        () => {
          scope.checkpoint();
        },
        { instanceOf: TimeoutError },
      );
    }),
  );
  t.deepEqual(seen, ['executing', true, false, 0]);
});

test('work that swallows a checkpoint is no value after the deadline', async (t) => {
  const scope = new Timeout(20, { grace: 600_000 });
  const error = await timeoutFrom(
    t,
    scope.run(async () => {
      await Promise.resolve();
      spinUntil(scope.deadline);
      t.throws(() => scope.checkpoint(), { is: scopeError(scope) as never });
      return 'value';
    }),
  );
  t.is(error.scope, scope);
});

function scopeError(scope: Timeout): unknown {
  try {
    scope.checkpoint();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('an error of the work during the grace wins, the timeout at the end of its causes', async (t) => {
  const scope = new Timeout(undefined, { grace: 600_000 });
  const root = new Error('root');
  const failure = new Error('of the cleanup', { cause: root });
  const outcome = await settled(
    runWithin(scope, 5, async ({ signal }) => {
      await abortOf(signal);
      throw failure;
    }),
  );
  t.is(outcome.error, failure);
  t.is(failure.cause, root);
  t.true(isTimeoutError(root.cause));
  t.is((root.cause as TimeoutError).scope, scope);
  t.is(scope.state, 'failed');
});

test('an error that already names the timeout as its cause is left as it is', async (t) => {
  const scope = new Timeout(undefined, { grace: 600_000 });
  const { error } = await settled(
    runWithin(scope, 5, async ({ signal }) => {
      await abortOf(signal);
      throw new Error('aborted', { cause: signal.reason });
    }),
  );
  t.is((error as Error).message, 'aborted');
  const { cause } = error as { cause: TimeoutError };
  t.is(cause.scope, scope);
  t.not(cause.cause, error);
});

test('what is no error, frozen, or has causes in a circle wins as it is', async (t) => {
  const circular = new Error('circular');
  circular.cause = circular;
  const frozen = Object.freeze(new Error('frozen'));
  for (const thrown of ['text', undefined, null, frozen, circular]) {
    const outcome = await settled(
      runWithin(new Timeout(undefined, { grace: 600_000 }), 5, async ({ signal }) => {
        await abortOf(signal);
        throw thrown;
      }),
    );
    t.true(outcome.rejected);
    t.is(outcome.error, thrown);
  }
});

test('an AbortError of something else is not taken for the timeout', async (t) => {
  const other = new AbortController();
  const scope = new Timeout(undefined, { grace: 600_000 });
  const { error } = await settled(
    runWithin(scope, 5, async ({ signal }) => {
      await abortOf(signal);
      other.abort(new Error('another reason'));
      await delay(600_000, undefined, { signal: other.signal });
    }),
  );
  t.is((error as Error).name, 'AbortError');
  t.false(isTimeoutError(error));
  t.is(((error as Error).cause as Error).message, 'another reason');
  t.is(((error as Error).cause as Error).cause, scope.signal.reason);
});

test('`default` and `error: false` do not hide an error of the cleanup', async (t) => {
  for (const option of [{ default: 'instead' }, { error: false as const }]) {
    const outcome = await settled(
      runWithin(new Timeout(undefined, { grace: 600_000, ...option }), 5, async ({ signal }) => {
        await abortOf(signal);
        throw new Error('of the cleanup');
      }),
    );
    t.is((outcome.error as Error | undefined)?.message, 'of the cleanup');
  }
});

test('an abort from outside gives the grace as well, and is no timeout', async (t) => {
  const outside = new AbortController();
  const reason = new Error('stop');
  const order: string[] = [];
  const scope = new Timeout(600_000, { grace: 600_000, signal: outside.signal, default: 1 });
  const outcome = settled(
    scope
      .run(async ({ signal }) => {
        await abortOf(signal);
        await turn();
        order.push('cleaned up');
      })
      .finally(() => order.push('rejected')),
  );
  await turn();
  outside.abort(reason);
  t.is((await outcome).error, reason);
  t.deepEqual(order, ['cleaned up', 'rejected']);
  t.is(scope.state, 'interrupted');
  t.is(reason.cause, undefined);
});

test('work is not started with a signal that has aborted', async (t) => {
  let started = 0;
  const work = (): Promise<void> => {
    started++;
    return turn();
  };
  for (const reason of [new Error('mine'), 'text', null]) {
    const scope = new Timeout(60_000, { signal: AbortSignal.abort(reason), default: 1 });
    let released = 0;
    scope.defer(() => released++);
    const { rejected, error } = await settled(scope.run(work));
    t.true(rejected);
    t.is(error, reason);
    t.is(scope.state, 'interrupted');
    t.is(released, 1);
  }
  t.is(started, 0);
});

test('an abort in the first part of the work, by the work itself, rejects with its reason', async (t) => {
  const outside = new AbortController();
  const reason = new Error('stop');
  const { error } = await settled(
    run(
      () => {
        outside.abort(reason);
        return forever();
      },
      { timeout: 60_000, signal: outside.signal },
    ),
  );
  t.is(error, reason);
});

test.serial(
  '10,000 runs on one signal leave no listener, and have one while they run',
  async (t) => {
    const { signal } = new AbortController();
    for (let round = 0; round < 100; round++) {
      const runs = Array.from({ length: repetitions(100) }, () =>
        run(async () => turn(), { timeout: 60_000, signal }),
      );
      t.true(getEventListeners(signal, 'abort').length <= 1);
      await Promise.all(runs);
      t.is(getEventListeners(signal, 'abort').length, 0);
    }
    await settled(run(forever, { timeout: 2, signal }));
    await settled(run(() => Promise.reject(new Error('work')), { signal }));
    t.is(getEventListeners(signal, 'abort').length, 0);
  },
);

test('all that follow one signal are ended by it', async (t) => {
  const outside = new AbortController();
  const reason = new Error('stop');
  const outcomes = Promise.all(
    Array.from({ length: 50 }, () =>
      settled(run(forever, { timeout: 60_000, signal: outside.signal })),
    ),
  );
  outside.abort(reason);
  for (const { error } of await outcomes) t.is(error, reason);
  t.is(getEventListeners(outside.signal, 'abort').length, 0);
});

test('a listener on the signal that throws harms nobody but itself', async (t) => {
  const child = await runSource(
    `import { run, Timeout } from 'hardstop';
    const uncaught = [];
    process.on('uncaughtException', (error) => uncaught.push(error.message));
    const scope = new Timeout();
    const outcome = scope.run(({ signal }) => {
      signal.addEventListener('abort', () => { throw new Error('in the listener'); });
      return new Promise(() => {});
    });
    scope.reschedule(5);
    const other = run(() => new Promise(() => {}), { timeout: 5, default: 'other' });
    const code = await outcome.catch((error) => error.code);
    const second = await other;
    await new Promise((resolve) => setTimeout(resolve, 5));
    console.log(code, second, uncaught.join());`,
  );
  t.is(child.stdout, 'ERR_HARDSTOP_TIMEOUT other in the listener\n', child.stderr);
});

const lateEnds: readonly [string, string][] = [
  ['a rejection', `within(5, async (scope) => { await expiry(scope); throw new Error('late'); })`],
  ['a value', `within(5, async (scope) => { await expiry(scope); return 1; })`],
  [
    'a rejection of a promise handed back',
    `within(5, (scope) => new Promise((_, reject) => expiry(scope).then(reject)))`,
  ],
  [
    'a thenable',
    `within(5, (scope) => ({ then(_, reject) { expiry(scope).then(() => reject(new Error())); } }))`,
  ],
  [
    'a thenable that settles twice',
    `within(6, () => ({ then(resolve, reject) { setTimeout(() => { resolve(1); reject(new Error()); }, 5); } }))
       .catch(() => {}).then(() => delay(10)).then(() => within(1, forever))`,
  ],
  [
    'a rejection in the grace',
    `within(5, async (scope) => { await expiry(scope); await delay(15); throw new Error('late'); }, { grace: 5 })`,
  ],
  [
    'a rejection after an abort',
    `run(async ({ signal }) => { while (!signal.aborted) await delay(5); await delay(5); throw new Error('late'); }, { timeout: 1e6, signal: AbortSignal.timeout(5), error: false })`,
  ],
  ['the promise that a coroutine waited for', `within(5, function* () { yield rejecting(); })`],
  [
    'the promises of an array that a coroutine waited for',
    `within(5, function* () { yield [rejecting(), rejecting()]; })`,
  ],
  [
    'a coroutine that throws again',
    `within(5, function* () { try { yield forever(); } finally { yield rejecting(); } })`,
  ],
  [
    'a run inside whose promise nobody keeps',
    `within(5, () => { void run(forever, 60_000); return forever(); })`,
  ],
  [
    'a run inside that throws later, and whose promise nobody keeps',
    `within(5, (scope) => { void run(async () => { await expiry(scope); throw new Error('late'); }, 60_000); return forever(); })`,
  ],
  [
    'runs inside three deep',
    `within(5, () => run(() => run(async () => { await rejecting(); }, 60_000), 60_000))`,
  ],
  [
    'a shield',
    `within(5, (scope) => scope.shield(async () => { await delay(15); throw new Error('in the shield'); }))`,
  ],
  [
    'work that is handed back by an aborted signal',
    `within(5, async ({ signal }) => { await delay(1000, 0, { signal }); })`,
  ],
  [
    'a timeout that was started, in work that has ended',
    `run(async () => { new Timeout(10).start(); await delay(1); }, 1000).then(() => run(forever, 20))`,
  ],
  [
    'two timeouts that were started, at once',
    `run(async () => { new Timeout(4).start(); new Timeout(4).start(); await forever(); }, 1000)`,
  ],
  [
    'cleanup that fails late',
    `within(5, async (scope) => { scope.defer(async () => { await delay(5); throw new Error('cleanup'); }); await rejecting(); })`,
  ],
];

for (const [what, expression] of lateEnds) {
  test(`what comes after the end is dropped quietly: ${what}`, async (t) => {
    const child = await runSource(
      `import { run, Timeout } from 'hardstop';
      import { setTimeout as delay } from 'node:timers/promises';
      process.on('unhandledRejection', (error) => { console.log('unhandled', error); });
      process.on('uncaughtException', (error) => { console.log('uncaught', error); });
      const within = (ms, work, options) => {
        const scope = new Timeout(undefined, options);
        const outcome = scope.run(work);
        scope.reschedule(ms);
        return outcome;
      };
      const forever = () => new Promise(() => {});
      // Which of two timers comes first is the machine's to say: by this one the limit has passed.
      const expiry = async (scope) => { do await delay(5); while (!scope.expired); await delay(5); };
      const rejecting = () => new Promise((_, reject) => { setTimeout(reject, 30, new Error('late')); });
      const outcome = await ${expression}.then(() => 'value', (error) => 'rejected');
      console.log(outcome);
      await delay(60);`,
    );
    t.is(child.stdout, 'rejected\n', child.stderr);
    t.is(child.code, 0, child.stderr);
  });
}

test('a run that nobody handles is an unhandled rejection, once', async (t) => {
  const child = await runSource(
    `import { run } from 'hardstop';
    process.on('unhandledRejection', (error) => console.log('unhandled', error.code));
    void run(() => new Promise(() => {}), 5);
    setTimeout(() => {}, 50);`,
  );
  t.is(child.stdout, 'unhandled ERR_HARDSTOP_TIMEOUT\n', child.stderr);
});

test('stopped is false while the work of a run inside goes on', async (t) => {
  const gate = defer();
  const outer = new Timeout(undefined, { grace: 600_000 });
  const error = await timeoutFrom(
    t,
    runWithin(outer, 20, async () => {
      // The run inside is given up; this work ends in time for its own grace.
      await settled(runWithin(new Timeout(), 5, () => gate.promise));
      await abortOf(outer.signal);
    }),
  );
  t.false(error.stopped);
  gate.resolve(undefined);
});

test('stopped is true again once the work that was given up inside has settled', async (t) => {
  const gate = defer();
  const outer = new Timeout(undefined, { grace: 600_000 });
  const error = await timeoutFrom(
    t,
    runWithin(outer, 40, async ({ signal }) => {
      await settled(runWithin(new Timeout(), 1, () => gate.promise));
      gate.resolve(undefined);
      await turn();
      await abortOf(signal);
    }),
  );
  t.true(error.stopped);
});

test('cleanup runs at the end, last in first out, and is waited for', async (t) => {
  const order: string[] = [];
  const scope = new Timeout(undefined, { onTimeout: () => order.push('onTimeout') });
  await settled(
    runWithin(scope, 5, (running) => {
      running.defer(() => order.push('first'));
      running.defer(async () => {
        order.push('second begins');
        await delay(5);
        order.push('second ends');
      });
      running.use({ [Symbol.dispose]: () => order.push('third') });
      return forever();
    }).finally(() => order.push('rejected')),
  );
  t.deepEqual(order, ['third', 'second begins', 'second ends', 'first', 'onTimeout', 'rejected']);
});

test('cleanup runs however the work ends, once', async (t) => {
  const works: (() => unknown)[] = [
    () => 'value',
    async () => turn(),
    () => Promise.reject(new Error('work')),
    () => {
      throw new Error('work');
    },
    forever,
    function* () {
      yield forever();
    },
    function* () {
      yield turn();
    },
  ];
  for (const work of works) {
    let calls = 0;
    const scope = new Timeout();
    const outcome = settled(
      scope.run((running) => {
        running.defer(() => calls++);
        return work();
      }),
    );
    await turn();
    await turn();
    if (scope.state === 'executing') scope.reschedule(5);
    await outcome;
    t.is(calls, 1);
    await turn();
    t.is(calls, 1);
  }
});

test('errors of cleanup are not lost: they arrive with what was on its way', async (t) => {
  const first = new Error('first');
  const second = new Error('second');
  const scope = new Timeout(undefined, { default: 'instead' });
  const { error } = await settled(
    runWithin(scope, 5, (running) => {
      running.defer(() => Promise.reject(second));
      running.defer(() => {
        throw first;
      });
      return forever();
    }),
  );
  const outer = error as SuppressedErrorLike;
  t.is(outer.error, second);
  const inner = outer.suppressed as SuppressedErrorLike;
  t.is(inner.error, first);
  t.true(isTimeoutError(inner.suppressed));
});

test('cleanup that fails after a value makes the run fail', async (t) => {
  const failure = new Error('cleanup');
  const scope = new Timeout(60_000);
  const { error } = await settled(
    scope.run(async (running) => {
      running.defer(() => Promise.reject(failure));
      return 'value';
    }),
  );
  t.is(error, failure);
  t.is(scope.state, 'failed');
});

test('a scope that has ended is not kept', async (t) => {
  const ends: ((scope: Timeout) => unknown)[] = [
    async () => turn(),
    forever,
    () => Promise.reject(new Error('work')),
    function* () {
      yield forever();
    },
  ];
  const { signal } = new AbortController();
  const made: WeakRef<Timeout>[] = [];
  const makeAll = async (): Promise<void> => {
    for (const work of ends) {
      const scope = new Timeout(20, { signal });
      made.push(new WeakRef(scope));
      await settled(scope.run(work));
      const cancelled = new Timeout(600_000, { signal });
      made.push(new WeakRef(cancelled));
      await settled(
        cancelled.run(async () => {
          cancelled.cancel();
          await turn();
        }),
      );
    }
  };
  await makeAll();
  await collectGarbage();
  await collectGarbage();
  t.deepEqual(
    made.map((reference) => reference.deref()?.state),
    made.map(() => undefined),
  );
});

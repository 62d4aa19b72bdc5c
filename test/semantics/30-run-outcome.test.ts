import test from 'ava';
import { InvalidOptionError, isTimeoutError, run, Timeout, type TimeoutError } from 'hardstop';
import type { SuppressedErrorLike } from '#internal/core/cleanup-stack.js';
import { forever, runWithin, settled, timeoutFrom, turn } from '../harness/async-work.js';
import { serialNativeTest } from '../harness/native-test.js';
import { repetitions } from '../harness/repetitions.js';
import { runSource } from '../harness/run-fixture.js';
import { loopForever, REACHABLE, spinUntil } from '../harness/work.js';

test('work that ends in time has its value, and its scope is executed', async (t) => {
  const scope = new Timeout(60_000);
  t.is(await scope.run(async () => turn().then(() => 'value')), 'value');
  t.is(scope.state, 'executed');
  t.true(scope.ok);
  t.false(scope.expired);
  t.is(scope.remaining(), 0);
});

test('work that does not end is a timeout: abandoned, and the error says so', async (t) => {
  const scope = new Timeout(REACHABLE, { name: 'upload' });
  const error = await timeoutFrom(t, scope.run(forever));
  t.is(error.scope, scope);
  t.is(error.timeout, REACHABLE);
  t.true(error.elapsed >= REACHABLE);
  t.is(error.strategy, 'cooperative');
  t.is(error.stage, 'abandoned');
  t.false(error.stopped);
  t.is(error.clock, 'wall');
  t.true(error.message.startsWith(`Timed out after ${String(REACHABLE)} ms: \`upload\``));
  t.is(scope.state, 'timed_out');
  t.false(scope.ok);
  t.true(scope.expired);
});

test('the stack of a timeout is that of the call', async (t) => {
  function callsRun(): Promise<unknown> {
    return run(forever, 5);
  }
  const error = await timeoutFrom(t, callsRun());
  const [, first] = (error.stack ?? '').split('\n');
  t.regex(first ?? '', /callsRun/);
  const scoped = await timeoutFrom(
    t,
    (function callsMethod() {
      return new Timeout(5).run(forever);
    })(),
  );
  t.regex((scoped.stack ?? '').split('\n')[1] ?? '', /callsMethod/);
});

test.serial(
  'a value that comes at the deadline or later is a timeout: late, and stopped',
  async (t) => {
    const scope = new Timeout(REACHABLE);
    const error = await timeoutFrom(
      t,
      scope.run(async () => {
        await Promise.resolve();
        spinUntil(scope.deadline);
        return 'too late';
      }),
    );
    t.is(error.stage, 'late');
    t.true(error.stopped);
    t.is(scope.state, 'timed_out');
  },
);

test.serial(
  'a promise that is settled at the deadline by somebody else is late as well',
  async (t) => {
    const scope = new Timeout(REACHABLE);
    let resolve: ((value: string) => void) | undefined;
    const outcome = timeoutFrom(
      t,
      scope.run(() => new Promise<string>((settle) => (resolve = settle))),
    );
    spinUntil(scope.deadline);
    resolve?.('too late');
    t.is((await outcome).stage, 'late');
  },
);

test.serial('an error of the work is not masked, whenever it comes', async (t) => {
  for (const isLate of [false, true]) {
    const failure = new Error('of the work');
    const scope = new Timeout(isLate ? REACHABLE : 60_000);
    const outcome = await settled(
      scope.run(async () => {
        await Promise.resolve();
        if (isLate) spinUntil(scope.deadline);
        throw failure;
      }),
    );
    t.is(outcome.error, failure);
    t.is(failure.cause, undefined);
    t.is(scope.state, 'failed');
  }
});

test('a timeout of somebody else that the work throws ends the scope as interrupted', async (t) => {
  const other = await timeoutFrom(t, run(forever, 1));
  const scope = new Timeout(60_000);
  const { error } = await settled(
    scope.run(async () => {
      await Promise.resolve();
      throw other;
    }),
  );
  t.is(error, other);
  t.is(scope.state, 'interrupted');
});

test('with 0 the work is started, and stopped at its first suspension', async (t) => {
  const steps: string[] = [];
  const error = await timeoutFrom(
    t,
    run(async () => {
      steps.push('started');
      await turn();
      await turn();
      steps.push('went on, abandoned');
    }, 0),
  );
  t.deepEqual(steps, ['started']);
  t.is(error.timeout, 0);
  const inSteps: string[] = [];
  const thrown = await timeoutFrom(
    t,
    run(function* () {
      inSteps.push('started');
      try {
        yield turn();
        inSteps.push('went on');
      } finally {
        inSteps.push('finally');
      }
    }, 0),
  );
  t.deepEqual(inSteps, ['started', 'finally']);
  t.is(thrown.stage, 'yield');
  t.true(thrown.stopped);
});

serialNativeTest('with 0 a loop before any suspension is stopped all the same', async (t) => {
  const error = await timeoutFrom(
    t,
    run(() => {
      for (;;);
    }, 0),
  );
  t.is(error.timeout, 0);
  t.is(error.stage, 'interrupt');
  t.true(error.stopped);
});

test('with 0 a value without any suspension comes after the deadline all the same', async (t) => {
  await timeoutFrom(
    t,
    run(() => 'value', 0),
  );
  await timeoutFrom(
    t,
    run(async () => 'value', 0),
  );

  const ended = function* (): Generator<never, string> {
    return 'value';
  };
  await timeoutFrom(t, run(ended, 0));
  const failure = new Error('of the work');
  const { error } = await settled(
    run(() => {
      throw failure;
    }, 0),
  );
  t.is(error, failure);
});

test('a deadline that has passed is the same as 0', async (t) => {
  let started = 0;
  const scope = new Timeout(undefined, { deadline: performance.now() - 50 });
  const error = await timeoutFrom(
    t,
    scope.run(() => {
      started++;
      return forever();
    }),
  );
  t.is(started, 1);
  t.is(error.timeout, 0);
});

for (const none of [undefined, null, Infinity]) {
  test(`${String(none)} is no limit`, async (t) => {
    const scope = new Timeout(none);
    t.is(
      await scope.run(async (running) => {
        t.is(running.deadline, Infinity);
        t.is(running.remaining(), Infinity);
        t.false(running.pending);
        await turn();
        return 'value';
      }),
      'value',
    );
    t.is(await run(async () => turn().then(() => 1), none), 1);
    t.is(await run(async () => turn().then(() => 1), { timeout: none }), 1);
    t.is(await run(async () => turn().then(() => 1), { deadline: none ?? undefined }), 1);
  });
}

for (const timeout of [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 2 ** 53, Number.MAX_VALUE]) {
  test(`${String(timeout)} ms are honoured, and do not fire at once`, async (t) => {
    const scope = new Timeout(timeout);
    t.is(
      await scope.run(async (running) => {
        for (let i = 0; i < 3; i++) {
          await new Promise((resolve) => setTimeout(resolve, 2));
          t.false(running.expired);
        }
        t.true(running.remaining() >= timeout - 600_000);
        t.true(running.pending);
        return 'value';
      }),
      'value',
    );
    t.is(scope.state, 'executed');
  });
}

test('a fraction of a millisecond is a limit, not none', async (t) => {
  for (const timeout of [0.25, 0.01, Number.MIN_VALUE]) {
    const error = await timeoutFrom(t, run(forever, timeout));
    t.is(error.timeout, timeout);
    t.true(error.elapsed >= timeout);
  }
});

test('never early: random small limits, async functions and coroutines', async (t) => {
  for (let round = 0; round < repetitions(200); round++) {
    const timeout = Math.random() * 4;
    const startedAt = performance.now();
    const outcome =
      round % 2 === 0
        ? run(forever, timeout)
        : run(function* () {
            yield forever();
          }, timeout);
    const { error } = await settled(outcome);
    const elapsed = performance.now() - startedAt;
    t.true(isTimeoutError(error));
    t.true(elapsed >= timeout, `${String(timeout - elapsed)} ms early`);
    t.true((error as TimeoutError).elapsed >= timeout);
  }
});

test('never early: many at once, in any order', async (t) => {
  await Promise.all(
    Array.from({ length: repetitions(500) }, async () => {
      const timeout = Math.random() * 30;
      const startedAt = performance.now();
      await settled(run(forever, timeout));
      t.true(performance.now() - startedAt >= timeout);
    }),
  );
});

test('an instant is never early either', async (t) => {
  for (let round = 0; round < repetitions(100); round++) {
    const deadline = performance.now() + Math.random() * 3;
    await settled(run(forever, { deadline }));
    t.true(performance.now() >= deadline);
  }
});

const badOptions: readonly [string, unknown, string][] = [
  ['a negative timeout', -1, 'timeout'],
  ['a timeout of -Infinity', -Infinity, 'timeout'],
  ['a timeout of NaN', NaN, 'timeout'],
  ['a string as timeout', '5', 'timeout'],
  ['a bigint as timeout', 5n, 'timeout'],
  ['a boolean', true, 'timeout'],
  ['a function', loopForever, 'timeout'],
  ['a negative timeout in options', { timeout: -0.001 }, 'timeout'],
  ['a string in options', { timeout: '5' }, 'timeout'],
  ['timeout and deadline', { timeout: 5, deadline: 5 }, 'deadline'],
  ['a deadline that is NaN', { deadline: NaN }, 'deadline'],
  ['a string as deadline', { deadline: '5' }, 'deadline'],
  ['a negative grace', { timeout: 5, grace: -1 }, 'grace'],
  ['a grace that is null', { timeout: 5, grace: null }, 'grace'],
  ['a signal that is none', { timeout: 5, signal: {} }, 'signal'],
  ['an error of no form', { timeout: 5, error: 5 }, 'error'],
  ['default beside error', { timeout: 5, default: 1, error: 'x' }, 'error'],
  ['onTimeout that is no function', { timeout: 5, onTimeout: 1 }, 'onTimeout'],
  ['a name that is no string', { timeout: 5, name: 5 }, 'name'],
  ['a strategy for synchronous work', { timeout: 5, strategy: 'native' }, 'strategy'],
  ['a CPU limit', { timeout: 5, cpuTimeout: 5 }, 'cpuTimeout'],
  ['a debug mode of no name', { timeout: 5, debug: 'yes' }, 'debug'],
];

for (const [what, options, option] of badOptions) {
  test(`a bad option rejects, and nothing is started: ${what}`, async (t) => {
    let started = 0;
    const start = (): Promise<never> => {
      started++;
      return forever();
    };
    const error = await t.throwsAsync(run(start, options as never), {
      instanceOf: InvalidOptionError,
    });
    t.true(error?.message.includes(option), error?.message);
    t.is(started, 0);
  });
}

test('work that is no function rejects', async (t) => {
  for (const work of [undefined, null, 5, {}, forever()]) {
    await t.throwsAsync(run(work as never, 5), { instanceOf: InvalidOptionError });
  }
});

test('an async generator function is refused', async (t) => {
  let started = 0;
  const work = async function* (): AsyncGenerator<number> {
    started++;
    yield await Promise.resolve(1);
  };
  const error = await t.throwsAsync(run(work as never, 60_000), {
    instanceOf: InvalidOptionError,
  });
  t.regex(error?.message ?? '', /work/);
  t.is(started, 0);
});

test('`default` stands in for the error, present or not', async (t) => {
  t.is(await run(forever, { timeout: 2, default: 'instead' }), 'instead');
  const undefinedOne = await settled(run(forever, { timeout: 2, default: undefined }));
  t.deepEqual(undefinedOne, { rejected: false, value: undefined, error: undefined });
  const scope = new Timeout(2, { default: 'instead' });
  t.is(await scope.run(forever), 'instead' as never);
  t.is(scope.state, 'timed_out');
});

test('`default` is not for other errors, nor for work in time', async (t) => {
  const options = { timeout: 60_000, default: 'instead' };
  await t.throwsAsync(
    run(async () => {
      await Promise.resolve();
      throw new Error('of the work');
    }, options),
    { message: 'of the work' },
  );
  t.is(await run(async () => turn().then(() => 'value'), options), 'value');
  t.is(await run(async () => turn().then(() => undefined), options), undefined);
});

class Mine extends Error {}

test('`error` says what is thrown: an Error, a class, a message, a function', async (t) => {
  const mine = new Mine('mine');
  t.is((await settled(run(forever, { timeout: 2, error: mine }))).error, mine);

  const made = (await settled(run(forever, { timeout: 2, error: Mine }))).error as Mine;
  t.true(made instanceof Mine);
  t.true(isTimeoutError(made.cause));

  const worded = await timeoutFrom(t, run(forever, { timeout: 2, error: 'too slow' }));
  t.is(worded.message, 'too slow');

  let given: TimeoutError | undefined;
  const chosen = await settled(
    run(forever, {
      timeout: 2,
      error: (error) => {
        given = error;
        return mine;
      },
    }),
  );
  t.is(chosen.error, mine);
  t.true(isTimeoutError(given));
});

test('`error: false` gives undefined, for its own timeout only', async (t) => {
  const scope = new Timeout(2, { error: false });
  t.deepEqual(await settled(scope.run(forever)), {
    rejected: false,
    value: undefined as never,
    error: undefined,
  });
  t.is(scope.state, 'timed_out');
  const outer = new Timeout();
  const inner = new Timeout(60_000, { error: false });
  const error = await timeoutFrom(
    t,
    runWithin(outer, 5, () => inner.run(forever)),
  );
  t.is(error.scope, outer);
  t.is(inner.state, 'interrupted');
});

test('a function as `error` that throws, or returns no Error, hides no timeout', async (t) => {
  const thrown = new Error('in the function');
  const options = [
    () => {
      throw thrown;
    },
    () => 'no error' as never,
  ];
  for (const error of options) {
    const outcome = await settled(run(forever, { timeout: 2, error }));
    const suppressed = outcome.error as SuppressedErrorLike;
    t.true(isTimeoutError(suppressed.suppressed));
    if (error === options[0]) t.is(suppressed.error, thrown);
    else t.true(suppressed.error instanceof InvalidOptionError);
  }
});

test('onTimeout is called once, with the error, before anybody is told', async (t) => {
  const order: string[] = [];
  let given: unknown;
  const { error } = await settled(
    run(forever, {
      timeout: 2,
      onTimeout: (timeoutError) => {
        given = timeoutError;
        order.push('onTimeout');
      },
    }).catch((reason: unknown) => {
      order.push('rejected');
      throw reason;
    }),
  );
  t.is(given, error);
  t.deepEqual(order, ['onTimeout', 'rejected']);
  let calls = 0;
  await run(forever, { timeout: 2, error: false, onTimeout: () => calls++ });
  await run(forever, { timeout: 2, default: 1, onTimeout: () => calls++ });
  t.is(calls, 2);
});

test('onTimeout is not called for work in time, errors, aborts or the timeouts of others', async (t) => {
  let calls = 0;
  const options = { timeout: 60_000, onTimeout: () => calls++ };
  await run(async () => turn(), options);
  await settled(run(() => Promise.reject(new Error('work')), options));
  const controller = new AbortController();
  const aborted = settled(run(forever, { ...options, signal: controller.signal }));
  controller.abort();
  await aborted;
  await settled(run(() => run(forever, options), 2));
  await turn();
  t.is(calls, 0);
});

test('what onTimeout throws arrives with the timeout inside', async (t) => {
  const thrown = new Error('in onTimeout');
  const { error } = await settled(
    run(forever, {
      timeout: 2,
      default: 'not to be given',
      onTimeout: () => {
        throw thrown;
      },
    }),
  );
  t.is((error as SuppressedErrorLike).error, thrown);
  t.true(isTimeoutError((error as SuppressedErrorLike).suppressed));
});

test('a scope runs again after each of its ends', async (t) => {
  const scope = new Timeout(4);
  for (let round = 0; round < 3; round++) {
    const error = await timeoutFrom(t, scope.run(forever));
    t.is(error.scope, scope);
    t.is(scope.state, 'timed_out');
    const slow = new Timeout(60_000);
    t.is(await slow.run(async () => 'value'), 'value');
  }
  const first = await timeoutFrom(t, scope.run(forever));
  const second = await timeoutFrom(t, scope.run(forever));
  t.not(first, second);
});

test('without a limit nothing keeps the process alive', async (t) => {
  const child = await runSource(
    `import { run } from 'hardstop';
    const forever = () => new Promise(() => {});
    void run(forever, Infinity);
    void run(forever);
    void run(function* () { yield forever(); }, null);
    const timed = run(forever, { timeout: 20, default: 'expired' });
    void timed.then(console.log);`,
  );
  t.false(child.timedOut, 'something keeps the process alive');
  t.is(child.stdout, 'expired\n');
  t.is(child.code, 0, child.stderr);
});

test('a deadline keeps the process alive until the work has ended, and not longer', async (t) => {
  const child = await runSource(
    `import { run, Timeout } from 'hardstop';
    await run(async () => 1, 3_600_000);
    await run(async () => { await null; throw new Error(); }, 3_600_000).catch(() => {});
    await run(function* () { yield 1; }, 3_600_000);
    const scope = new Timeout(3_600_000);
    void scope.run(() => new Promise(() => {}));
    scope.cancel();
    const aborting = new AbortController();
    const aborted = run(() => new Promise(() => {}), { timeout: 3_600_000, signal: aborting.signal });
    aborting.abort();
    await aborted.catch(() => {});
    void run((s) => { s.reschedule(Infinity); return new Promise(() => {}); }, 3_600_000);
    console.log('done');`,
  );
  t.false(child.timedOut, 'a deadline is still waited for');
  t.is(child.stdout, 'done\n');
  t.is(child.code, 0, child.stderr);
});

// Each run settles within some us of its deadline: a value or a timeout, by the clock, and nothing of it later.
const race = `
  import { run, isTimeoutError } from 'hardstop';
  const count = Number(process.argv.at(-1));
  const kind = process.argv.at(-2);
  const strays = [];
  process.on('unhandledRejection', (error) => strays.push(String(error)));
  process.on('uncaughtException', (error) => strays.push(String(error)));
  const LIMIT = 0.3;
  let values = 0, timeouts = 0, wrong = 0, bias = 0;
  const value = {};
  const spinUntil = (instant) => { while (performance.now() < instant); };
  // How long a run takes to begin and to end is not the same everywhere: soon half of them time out.
  const step = () => values > 0 && timeouts > 0 ? 0.002 : 0.02;
  for (let i = 0; i < count; i++) {
    const offset = (Math.random() * 2 - 1) * 0.05 + bias;
    let startedLatest = 0, returning = 0;
    const startedEarliest = performance.now();
    const target = startedEarliest + LIMIT + offset;
    const works = {
      async later() {
        startedLatest = performance.now();
        await Promise.resolve();
        spinUntil(target);
        returning = performance.now();
        return value;
      },
      first() {
        startedLatest = performance.now();
        spinUntil(target);
        returning = performance.now();
        return value;
      },
      *step() {
        startedLatest = performance.now();
        yield;
        spinUntil(target);
        returning = performance.now();
        return value;
      },
      async timers() {
        startedLatest = performance.now();
        while (performance.now() < target) await new Promise((resolve) => setImmediate(resolve));
        returning = performance.now();
        return value;
      },
      async microtasks() {
        startedLatest = performance.now();
        while (performance.now() < target) await null;
        returning = performance.now();
        return value;
      },
    };
    let settledTimes = 0;
    // Only 'timers' calls functions of Node's: a first part that is cut inside one (setImmediate counts what keeps the loop
    // alive) would leave that in the middle of its work.
    const outcome = run(works[kind], { timeout: LIMIT, grace: kind === 'timers' ? 1_000 : 0 });
    outcome.then(() => settledTimes++, () => settledTimes++);
    try {
      const result = await outcome;
      values++;
      bias += step();
      if (result !== value || returning >= startedLatest + LIMIT) wrong++;
    } catch (error) {
      timeouts++;
      bias -= step();
      if (!isTimeoutError(error) || performance.now() < startedEarliest + LIMIT) wrong++;
    }
    if (settledTimes > 1) wrong++;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log(JSON.stringify({ values, timeouts, wrong, strays }));`;

for (const kind of ['later', 'first', 'step', 'timers', 'microtasks']) {
  test(`an end at the same instant as the deadline is one of the two, by the clock: ${kind}`, async (t) => {
    const count = repetitions(2000);
    const child = await runSource(race, { args: [kind, String(count)], timeoutMs: 50_000 });
    t.false(child.timedOut, 'the child hung');
    t.is(child.code, 0, `${String(child.signal)} ${child.stderr}`);
    const { values, timeouts, wrong, strays } = JSON.parse(child.stdout) as {
      values: number;
      timeouts: number;
      wrong: number;
      strays: string[];
    };
    t.is(values + timeouts, count);
    t.is(wrong, 0);
    t.deepEqual(strays, []);
    // Both sides of the race were seen.
    t.true(values > 0 && timeouts > 0, child.stdout);
  });
}

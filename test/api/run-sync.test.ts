import test from 'ava';
import { InvalidOptionError, runSync, Timeout, TimeoutError } from 'hardstop';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { runSource } from '../harness/run-fixture.js';
import { strategies, testEachStrategy } from '../harness/strategies.js';
import { loopForever, spin } from '../harness/work.js';

const values: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['false', false],
  ['NaN', NaN],
  ['-0', -0],
  ['an empty string', ''],
  ['a symbol', Symbol('value')],
  ['a bigint', 10n],
  ['a frozen object', Object.freeze({ stopped: true })],
  ['a function', loopForever],
  ['an error', new Error('returned, not thrown')],
  ['an object without prototype', Object.create(null)],
  ['an object with a `then` that is no function', { then: 1 }],
  ['a proxy', new Proxy({}, {})],
  ['an object with a proxy for its prototype', Object.create(new Proxy({}, hostile()))],
  ['an object whose `then` is a getter', Object.defineProperty({}, 'then', { get: fail })],
];

function fail(): never {
  throw new Error('asked');
}

/** Throws whatever it is asked. */
function hostile(): ProxyHandler<object> {
  return { get: fail, has: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail };
}

for (const [what, value] of values) {
  testEachStrategy(`a value passes through unchanged: ${what}`, (t, strategy) => {
    t.true(
      Object.is(
        runSync(() => value, { timeout: 10_000, strategy }),
        value,
      ),
    );
    t.true(
      Object.is(
        runSync(() => value, { strategy }),
        value,
      ),
    );
  });
}

const thrown: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a string', 'reason'],
  ['an error', new Error('work')],
  ['a frozen object', Object.freeze({ code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' })],
  [
    'an error with the code of node:vm',
    Object.assign(new Error('work'), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' }),
  ],
  ['a system error', Object.assign(new Error('work'), { code: 'EINTR' })],
  ["the DOM's TimeoutError", new DOMException('late', 'TimeoutError')],
  [
    'a TimeoutError of its own making',
    new TimeoutError({
      timeout: 1,
      elapsed: 2,
      clock: 'wall',
      strategy: 'process',
      stage: 'kill',
      stopped: true,
    }),
  ],
  [
    'a hostile proxy',
    new Proxy(
      {},
      {
        get() {
          throw new Error('trap');
        },
      },
    ),
  ],
];

for (const [what, error] of thrown) {
  const work = (): never => {
    throw error;
  };

  testEachStrategy(`an error of the work is never masked: ${what}`, (t, strategy) => {
    const outcome = outcomeOf(() => runSync(work, { timeout: 10_000, strategy }));
    t.true(outcome.threw);
    t.is(outcome.error, error);
  });

  testEachStrategy(`not even when it is thrown after the deadline: ${what}`, (t, strategy) => {
    const scope = new Timeout(1, { strategy, grace: 60_000 });
    const outcome = outcomeOf(() =>
      scope.runSync(() => {
        spin(2);
        return work();
      }),
    );
    t.true(outcome.threw);
    t.is(outcome.error, error);
    t.is(scope.state, error instanceof TimeoutError ? 'interrupted' : 'failed');
  });

  testEachStrategy(`nor by \`default\` or \`error: false\`: ${what}`, (t, strategy) => {
    const options = { timeout: 10_000, strategy, default: 'default', error: false } as const;
    t.is(outcomeOf(() => runSync(work, options)).error, error);
  });
}

testEachStrategy('a value that comes after the deadline is a timeout', (t, strategy) => {
  const scope = new Timeout(1, { strategy, grace: 60_000 });
  const error = timeoutOf(t, () =>
    scope.runSync(() => {
      spin(2);
      return 'late';
    }),
  );
  t.is(error.stage, 'late');
  t.true(error.stopped);
  t.true(error.elapsed >= 2);
  t.is(scope.state, 'timed_out');
});

testEachStrategy('a TimeoutError of a scope that ended before is not its own', (t, strategy) => {
  const earlier = timeoutOf(t, () => runSync(loopForever, { timeout: 1, strategy }));
  const scope = new Timeout(10_000, { strategy, default: 'default' });
  const outcome = outcomeOf(() =>
    scope.runSync(() => {
      throw earlier;
    }),
  );
  t.is(outcome.error, earlier);
  t.is(scope.state, 'interrupted');
});

const promises: readonly [string, () => unknown][] = [
  ['a promise', () => Promise.resolve(1)],
  ['an async function', async () => 1],
  ['a thenable', () => ({ then() {} })],
  ['a function with a `then` method', () => Object.assign(() => {}, { then() {} })],
  [
    'a promise whose methods throw',
    () => Object.assign(Promise.reject(1), { then: fail, catch: fail }),
  ],
];
for (const [what, work] of promises) {
  testEachStrategy(
    `work that returns ${what} is refused, and pointed to \`run\``,
    (t, strategy) => {
      const scope = new Timeout(10_000, { strategy });
      const { error } = outcomeOf(() => scope.runSync(work));
      t.true(error instanceof InvalidOptionError && error instanceof TypeError);
      t.regex(String(error), /synchronous.*use `run` for asynchronous work/);
      t.is(scope.state, 'failed');
      t.throws(() => runSync(work, { strategy }), { instanceOf: TypeError });
    },
  );
}

testEachStrategy(
  'no getter of what the work returns is asked outside of its limit, and cleanup runs',
  (t, strategy) => {
    const events: string[] = [];
    const scope = new Timeout(10_000, { strategy });
    scope.runSync((running) => {
      running.defer(() => events.push('cleanup'));
      return {
        get then() {
          events.push('asked');
          return undefined;
        },
      };
    });
    t.deepEqual(events, ['cleanup']);
    t.is(scope.state, 'executed');
  },
);

for (const strategy of strategies()) {
  test(`the rejection of a refused promise does not end the process [${strategy}]`, async (t) => {
    const child = await runSource(`
      import { runSync } from 'hardstop';
      for (const timeout of [1000, undefined]) {
        try {
          runSync(async () => { throw new Error('work'); }, { timeout, strategy: '${strategy}' });
        } catch (error) {
          console.log(error.name);
        }
      }
      setTimeout(() => console.log('alive'), 20);
    `);
    t.is(child.code, 0, child.stderr);
    t.is(child.stdout, 'InvalidOptionError\nInvalidOptionError\nalive\n');
  });
}

testEachStrategy(
  'a deadline struck while the work of an async function ran its first part',
  (t, strategy) => {
    const error = timeoutOf(t, () =>
      runSync(
        async () => {
          loopForever();
        },
        { timeout: 5, strategy },
      ),
    );
    t.true(error.elapsed >= 5);
  },
);

testEachStrategy('the work is called once, with its scope, and without this', (t, strategy) => {
  const calls: [unknown, unknown[]][] = [];
  runSync(
    function (this: unknown, ...args: unknown[]) {
      calls.push([this, args]);
    },
    { timeout: 60_000, strategy },
  );
  t.is(calls.length, 1);
  t.is(calls[0]?.[0], undefined);
  t.is(calls[0]?.[1].length, 1);
  t.true(calls[0]?.[1][0] instanceof Timeout);
});

testEachStrategy('a stack overflow is an error of the work', (t, strategy) => {
  const recurse = (): number => recurse() + 1;
  const { error } = outcomeOf(() => runSync(recurse, { timeout: 10_000, strategy }));
  t.true(error instanceof RangeError);
  t.regex(String(error), /call stack/);
  t.is(
    runSync(() => 1, { timeout: 10_000, strategy }),
    1,
  );
});

testEachStrategy(
  'a call with no stack left to start with fails, and leaves nothing behind',
  (t, strategy) => {
    const scope = new Timeout(10_000, { strategy });
    let completed = 0;
    const dive = (): void => {
      try {
        runSync(() => completed++, { timeout: 10_000, strategy });
      } finally {
        dive();
      }
    };
    const { error } = outcomeOf(dive);
    t.true(error instanceof RangeError, String(error));
    t.true(completed > 100);
    t.is(
      scope.runSync(() => scope.state),
      'executing',
    );
    t.is(scope.state, 'executed');
  },
);

import vm from 'node:vm';
import test from 'ava';
import {
  currentScope,
  InvalidOptionError,
  InvalidStateError,
  run,
  runSync,
  Timeout,
  timeoutable,
  TimeoutError,
} from 'hardstop';
import { forever, settled, timeoutFrom, turn } from '../harness/async-work.js';
import { runSource } from '../harness/run-fixture.js';
import { loopForever } from '../harness/work.js';

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
  ['an array of promises', [Promise.resolve(1)]],
  ['an object with `next` alone', { next: () => ({ done: true }) }],
  ['an iterator', [1, 2][Symbol.iterator]()],
];

for (const [what, value] of values) {
  test(`a value passes through unchanged: ${what}`, async (t) => {
    const works: (() => unknown)[] = [
      () => value,
      async () => value,
      async () => turn().then(() => value),

      function* () {
        return value;
      },
    ];
    for (const work of works) {
      t.true(Object.is(await run(work, 60_000), value));
      t.true(Object.is(await run(work), value));
    }
  });
}

const thrown: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a string', 'reason'],
  ['an error', new Error('work')],
  ['a frozen object', Object.freeze({ code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' })],
  ["the DOM's TimeoutError", new DOMException('late', 'TimeoutError')],
  ["the DOM's AbortError", new DOMException('aborted', 'AbortError')],
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
  test(`what the work throws passes through unchanged: ${what}`, async (t) => {
    const works: (() => unknown)[] = [
      () => {
        throw error;
      },
      async () => {
        throw error;
      },
      async () => {
        await turn();
        throw error;
      },
      function* () {
        yield turn();
        throw error;
      },
      function* () {
        yield turn().then(() => {
          throw error;
        });
      },
    ];
    for (const work of works) {
      for (const options of [{ timeout: 60_000 }, { timeout: 60_000, default: 1 }, {}]) {
        const outcome = await settled(run(work, options));
        t.true(outcome.rejected);
        t.is(outcome.error, error);
      }
    }
  });
}

test('the work is called once, at once, with its scope, and without `this`', async (t) => {
  const calls: unknown[][] = [];
  const scope = new Timeout(60_000);
  const outcome = scope.run(function (this: unknown, ...args: unknown[]) {
    calls.push([this, ...args]);
  });
  t.deepEqual(calls, [[undefined, scope]]);
  await outcome;
  t.is(calls.length, 1);
  let given: unknown;
  await run((inner) => {
    given = inner;
    t.is(currentScope(), inner);
  }, 60_000);
  t.true(given instanceof Timeout);
});

test('`run` never throws: it rejects', async (t) => {
  const outcomes = [
    () => run(undefined as never, 5),
    () => run(forever, -1),
    () =>
      run(() => {
        throw new Error('work');
      }, 60_000),
    () => new Timeout(5).run(5 as never),
  ].map((call) => call());
  for (const outcome of outcomes) t.true((await settled(outcome as Promise<unknown>)).rejected);
});

test('the promise is a plain promise of this realm', (t) => {
  const outcome = run(() => 1, 60_000);
  t.is(Object.getPrototypeOf(outcome), Promise.prototype);
});

test('a scope cannot be run in its own run; it can after that', async (t) => {
  const scope = new Timeout(60_000);
  await scope.run(async (running) => {
    await t.throwsAsync(
      running.run(() => 1),
      { instanceOf: InvalidStateError },
    );
    t.throws(() => running.runSync(() => 1), { instanceOf: InvalidStateError });
    await turn();
    await t.throwsAsync(
      running.run(() => 1),
      { instanceOf: InvalidStateError },
    );
    t.throws(() => running.runSync(() => 1), { instanceOf: InvalidStateError });
    t.is(running.state, 'executing');
  });
  t.is(await scope.run(async () => 2), 2);
  t.is(
    scope.runSync(() => 3),
    3,
  );
  t.is(await scope.run(async () => turn().then(() => 4)), 4);
});

test('a scope whose run is abandoned can run again, and knows the two apart', async (t) => {
  const scope = new Timeout(10);
  const errors = [];
  for (let i = 0; i < 3; i++) errors.push(await timeoutFrom(t, scope.run(forever)));
  t.is(new Set(errors).size, 3);
  for (const error of errors) t.is(error.scope, scope);
});

test('the states of a scope: pending, executing, and how it ended', async (t) => {
  const states: string[] = [];
  const scope = new Timeout(60_000);
  states.push(scope.state);
  const outcome = scope.run(async () => {
    states.push(scope.state);
    await turn();
    states.push(scope.state);
  });
  states.push(scope.state);
  await outcome;
  states.push(scope.state);
  t.deepEqual(states, ['pending', 'executing', 'executing', 'executing', 'executed']);
});

test('the time of a run is read while it runs, and stays after its end', async (t) => {
  const scope = new Timeout(60_000);
  await scope.run(async () => {
    const before = scope.elapsed();
    const left = scope.remaining();
    await new Promise((resolve) => setTimeout(resolve, 5));
    t.true(scope.elapsed() > before);
    t.true(scope.remaining() < left);
    t.true(scope.deadline > performance.now());
  });
  const elapsed = scope.elapsed();
  t.true(elapsed > 0);
  await turn();
  t.is(scope.elapsed(), elapsed);
  t.is(scope.remaining(), 0);
});

test('work of another realm is run: promises, generators, errors', async (t) => {
  const context = vm.createContext({ setImmediate });
  const compile = (source: string): never => vm.runInContext(`(${source})`, context) as never;
  t.is(await run(compile('async () => { await null; return 1; }'), 60_000), 1 as never);
  t.is(
    await run(compile('function* () { return (yield Promise.resolve(1)) + 1; }'), 60_000),
    2 as never,
  );
  const { error } = await settled(
    run(compile("async () => { throw new TypeError('there') }"), 60_000),
  );
  t.is((error as Error).message, 'there');
  t.is((await timeoutFrom(t, run(compile('() => new Promise(() => {})'), 5))).timeout, 5);
});

test('a promise of a subclass, or with its own `then`, is waited for', async (t) => {
  class Mine<T> extends Promise<T> {
    static override get [Symbol.species](): PromiseConstructor {
      return Promise;
    }
  }
  t.is(await run(() => Mine.resolve('mine'), 60_000), 'mine');
  const odd = Promise.resolve('inside');
  let asked = 0;
  odd.then = ((...args: Parameters<typeof odd.then>) => {
    asked++;
    return Promise.prototype.then.apply(odd, args);
  }) as never;
  t.is(await run(() => odd, 60_000), 'inside');
  t.true(asked <= 1);
});

test('a value that is no generator is not asked for what generators have', async (t) => {
  const node = {
    get next(): never {
      throw new Error('asked');
    },
    get throw(): never {
      throw new Error('asked');
    },
  };
  t.is(await run(() => node, 60_000), node);
});

test('a thenable is asked for its `then` once it is waited for, and settles the run', async (t) => {
  let calls = 0;
  const thenable = {
    then(resolve: (value: string) => void) {
      calls++;
      setImmediate(resolve, 'value');
    },
  };
  t.is(await run(() => thenable as PromiseLike<string>, 60_000), 'value');
  t.is(calls, 1);
  const hanging = { then: () => undefined };
  await timeoutFrom(
    t,
    run(() => hanging as never, 10),
  );
});

test('timeoutable makes runs of async functions and generator functions', async (t) => {
  const calls: unknown[] = [];
  const fetchLike = timeoutable(
    async function fetchLike(this: unknown, a: number, b: number) {
      calls.push([this, a, b, currentScope()?.name]);
      await turn();
      return a + b;
    },
    { timeout: 60_000 },
  );
  const owner = {};
  t.is(await fetchLike.call(owner, 1, 2), 3);
  t.deepEqual(calls, [[owner, 1, 2, 'fetchLike']]);
  t.is(fetchLike.name, 'fetchLike');
  t.is(fetchLike.length, 2);

  const hanging = timeoutable(async () => forever(), { timeout: 60_000 });
  t.is((await timeoutFrom(t, hanging.within(5)())).timeout, 5);

  const order: string[] = [];
  const steps = timeoutable(
    function* steps() {
      try {
        yield turn();
        yield forever();
      } finally {
        order.push('finally');
      }
    },
    { timeout: 50, default: 'instead' },
  );
  t.is((await steps()) as unknown, 'instead');
  t.true(order.length <= 1);
});

test('process.exit inside a run ends the process, in any part of it', async (t) => {
  const works = [
    `() => process.exit(7)`,
    `async () => { await null; process.exit(7); }`,
    `function* () { yield 1; process.exit(7); }`,
    `function* () { try { yield forever(); } finally { process.exit(7); } }`,
    `({ signal }) => { signal.onabort = () => process.exit(7); return forever(); }`,
    `(scope) => { scope.defer(() => process.exit(7)); return forever(); }`,
    `() => run(function* () { yield 1; process.exit(7); }, 60_000)`,
  ];
  const codes = await Promise.all(
    works.map(async (work) => {
      const child = await runSource(
        `import { run, Timeout } from 'hardstop';
        const forever = () => new Promise(() => {});
        process.on('exit', () => console.log('exit'));
        // The limit is set when the work waits.
        const scope = new Timeout();
        const outcome = scope.run(${work});
        setTimeout(() => scope.reschedule(1), 50);
        await outcome.catch(() => {});
        console.log('went on');`,
      );
      return `${String(child.code)} ${child.stdout.trim()}`;
    }),
  );
  t.deepEqual(
    codes,
    works.map(() => '7 exit'),
  );
});

test('a worker may end with runs pending, in any state', async (t) => {
  const child = await runSource(
    `import { Worker } from 'node:worker_threads';
    const hardstop = import.meta.resolve('hardstop');
    const ends = [
      '',
      'process.exit(0)',
      'setImmediate(() => { throw new Error("uncaught"); })',
      'setTimeout(() => process.exit(0), 20)',
      'setImmediate(() => run(function* () { yield 1; process.exit(0); }, 1000))',
    ];
    for (const end of ends) {
      for (let i = 0; i < 3; i++) {
        const worker = new Worker(\`(async () => {
          const { run, Timeout } = await import(\${JSON.stringify(hardstop)});
          const forever = () => new Promise(() => {});
          for (const limit of [5, 20, 3_600_000]) {
            run(forever, limit).catch(() => {});
            run(function* () { try { yield forever(); } finally { yield forever(); } }, { timeout: limit, grace: 1e9 }).catch(() => {});
            run(() => { new Timeout(limit).start(); return forever(); }).catch(() => {});
          }
          \${end};
        })()\`, { eval: true });
        worker.on('error', () => {});
        if (end === '') setTimeout(() => worker.terminate(), 30);
        await new Promise((resolve) => worker.once('exit', resolve));
      }
    }
    console.log('all ended');`,
    { timeoutMs: 50_000 },
  );
  t.false(child.timedOut, 'a worker did not end');
  t.is(child.stdout, 'all ended\n', child.stderr);
  t.is(child.code, 0, child.stderr);
});

test('a resource that is disposed of asynchronously is waited for, the last one first', async (t) => {
  const seen: string[] = [];
  const resource = (name: string): AsyncDisposable => ({
    async [Symbol.asyncDispose]() {
      await Promise.resolve();
      seen.push(name);
    },
  });
  await run((scope) => {
    scope.use(resource('first'));
    scope.use(resource('second'));
    scope.use({
      [Symbol.dispose]() {
        seen.push('third');
      },
    });
  }, 60_000);
  t.deepEqual(seen, ['third', 'second', 'first']);
  t.throws(() => runSync((scope) => scope.use(resource('sync')), 60_000), {
    instanceOf: InvalidOptionError,
  });
});

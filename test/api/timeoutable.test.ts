import test from 'ava';
import {
  currentScope,
  InvalidOptionError,
  Timeout,
  timeoutable,
  TimeoutError,
  type Timeoutable,
} from 'hardstop';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { testEachStrategy } from '../harness/strategies.js';
import { loopForever, REACHABLE, spin } from '../harness/work.js';

function add(a: number, b: number): number {
  return a + b;
}

testEachStrategy('arguments and value pass through', (t, strategy) => {
  const limited = timeoutable(add, { timeout: 10_000, strategy });
  t.is(limited(2, 3), 5);
  t.is(timeoutable(add, 10_000)(2, 3), 5);
  const spread = timeoutable((...args: unknown[]) => args, { timeout: 10_000, strategy });
  t.deepEqual(spread(1, undefined, null), [1, undefined, null]);
});

testEachStrategy('`this` passes through', (t, strategy) => {
  const object = {
    factor: 3,
    times: timeoutable(
      function (this: { factor: number }, n: number) {
        return this.factor * n;
      },
      { timeout: 10_000, strategy },
    ),
  };
  t.is(object.times(4), 12);
  t.is(object.times.call({ factor: 5 }, 4), 20);
  t.is(object.times.within(10_000).call({ factor: 6 }, 4), 24);
});

test('name and length are those of the function', (t) => {
  const limited = timeoutable(add, 100);
  t.is(limited.name, 'add');
  t.is(limited.length, 2);
  t.is(limited.within(50).name, 'add');
  t.is(limited.within(50).length, 2);
  t.deepEqual(Object.keys(limited), []);
});

testEachStrategy(
  'a call that takes too long is stopped, and named after the function',
  (t, strategy) => {
    const limited = timeoutable(loopForever, { timeout: 5, strategy });
    const error = timeoutOf(t, () => limited());
    t.regex(error.message, /`loopForever`/);
    t.is(error.timeout, 5);
    const named = timeoutable(loopForever, { timeout: 5, strategy, name: 'parse' });
    t.regex(timeoutOf(t, () => named()).message, /`parse`/);
  },
);

testEachStrategy('its stack begins at the caller', (t, strategy) => {
  const limited = timeoutable(loopForever, { timeout: 5, strategy });
  const { stack } = timeoutOf(t, function theCaller() {
    limited();
  });
  t.regex(stack?.split('\n')[1] ?? '', /^ +at theCaller /);
});

testEachStrategy('each call has a limit of its own', (t, strategy) => {
  const limited = timeoutable(
    (ms: number) => {
      spin(ms);
      return ms;
    },
    { timeout: 2 * REACHABLE, strategy },
  );
  // Together they take longer.
  for (let i = 0; i < 14; i++) t.is(limited(50), 50);
});

testEachStrategy('a limited function can call itself', (t, strategy) => {
  const factorial: (n: number) => number = timeoutable(
    (n: number): number => (n === 0 ? 1 : n * factorial(n - 1)),
    { timeout: 10_000, strategy },
  );
  t.is(factorial(10), 3_628_800);
});

testEachStrategy('`within` sets another limit, for the calls of what it returns', (t, strategy) => {
  const limited = timeoutable(loopForever, { timeout: 60_000, strategy });
  t.is(timeoutOf(t, () => limited.within(5)()).timeout, 5);
  const strict = timeoutable(add, { timeout: 0, strategy });
  timeoutOf(t, () => strict(1, 2));
  t.is(strict.within(undefined)(1, 2), 3);
  t.is(strict.within(null)(1, 2), 3);
  timeoutOf(t, () => strict(1, 2));
});

testEachStrategy('`within` takes the place of a deadline too', (t, strategy) => {
  const limited = timeoutable(add, { deadline: 0, strategy });
  timeoutOf(t, () => limited(1, 2));
  t.is(limited.within(10_000)(1, 2), 3);
});

testEachStrategy(
  '`default` is the value of a call that takes too long, and stays so in `within`',
  (t, strategy) => {
    const limited = timeoutable(loopForever, { timeout: 5, strategy, default: 'not finished' });
    t.is(limited(), 'not finished');
    t.is(limited.within(6)(), 'not finished');
    const missing = timeoutable(loopForever, { timeout: 5, strategy, default: undefined });
    t.is(missing(), undefined);
  },
);

testEachStrategy('errors of the function pass through', (t, strategy) => {
  const error = new Error('work');
  const limited = timeoutable(
    () => {
      throw error;
    },
    { timeout: 10_000, strategy, default: 1 },
  );
  t.is(outcomeOf(() => limited()).error, error);
});

testEachStrategy('the scope of a call is the current one', (t, strategy) => {
  const limited = timeoutable(() => currentScope(), { timeout: 10_000, strategy });
  const scope = limited();
  t.true(scope instanceof Timeout);
  t.is(scope?.state, 'executed');
  t.is(currentScope(), undefined);
});

testEachStrategy('a method is limited by the standard decorator', (t, strategy) => {
  class Api {
    readonly #factor = 3;

    @timeoutable({ timeout: 10_000, strategy })
    times(n: number): number {
      return this.#factor * n;
    }

    @timeoutable({ timeout: 5, strategy })
    hang(): never {
      return loopForever();
    }

    @timeoutable({ timeout: 5, strategy, default: 'not finished' })
    static attempt(): string {
      return loopForever();
    }
  }
  const api = new Api();
  t.is(api.times(4), 12);
  t.is(Api.prototype.times.name, 'times');
  t.is(Api.prototype.times.length, 1);
  t.deepEqual(Object.keys(api), []);
  const error = timeoutOf(t, () => api.hang());
  t.regex(error.message, /`hang`/);
  t.is(Api.attempt(), 'not finished');
});

testEachStrategy('an override may call the limited method of its parent', (t, strategy) => {
  class Parent {
    @timeoutable({ timeout: 5, strategy, default: 'parent was stopped' })
    compute(): string {
      return loopForever();
    }
  }
  class Child extends Parent {
    override compute(): string {
      return `child: ${super.compute()}`;
    }
  }
  t.is(new Child().compute(), 'child: parent was stopped');
});

test('a bad option is refused when the function is made, not at its first call', (t) => {
  t.throws(() => timeoutable(add, -1), { instanceOf: RangeError });
  t.throws(() => timeoutable({ timeout: 'soon' as never }), { instanceOf: TypeError });
  t.throws(() => timeoutable(add, { strategy: 'thread' as never }), { instanceOf: TypeError });
  t.throws(() => timeoutable(add, 10).within(NaN), { instanceOf: RangeError });
});

test('options count wherever an object has them: of its own, from its prototype, from its class', (t) => {
  class Limits {
    readonly #limit = 10;
    get timeout(): number {
      return this.#limit;
    }
    get default(): string {
      return this.#limit === 10 ? 'stopped' : 'changed';
    }
  }
  for (const options of [
    new Limits(),
    Object.create({ timeout: 10, default: 'stopped' }) as Limits,
  ]) {
    t.is(timeoutable(loopForever, options)(), 'stopped');
    t.is(timeoutable(loopForever, options).within(5)(), 'stopped');
  }
});

test('options are read when the function is made: later changes change nothing', async (t) => {
  for (const name of [undefined, 'label']) {
    const options = { timeout: 10, default: 'stopped', name };
    const limited = timeoutable(loopForever, options);
    const limitedAsync = timeoutable(async (value: number) => value, options);
    Object.assign(options, { timeout: -1, default: 'changed' });
    t.is(limited(), 'stopped');
    t.is(await limitedAsync.within(60_000)(1), 1);
  }
});

test('`null` and `undefined` are no limit, for a function and for a decorator', (t) => {
  for (const none of [null, undefined]) {
    t.is(timeoutable(add, none)(1, 2), 3);
    t.is(typeof timeoutable(none), 'function');
  }
});

test('an async generator function is refused: its body would run outside of the limit', (t) => {
  const work = async function* (): AsyncGenerator<number> {
    yield 1;
  };
  const { error } = outcomeOf(() => timeoutable(work, 10));
  t.true(error instanceof InvalidOptionError);
  t.is((error as InvalidOptionError).option, 'work');
});

test('an async function stays one: same parameters, `this`, name and length', async (t) => {
  const object = {
    factor: 3,
    times: timeoutable(async function times(this: { factor: number }, n: number) {
      await Promise.resolve();
      return this.factor * n;
    }, 60_000),
  };
  t.is(object.times.name, 'times');
  t.is(object.times.length, 1);
  t.is(await object.times(4), 12);
  t.is(await object.times.within(undefined).call({ factor: 5 }, 4), 20);
});

test('an async function that takes too long rejects, or gives its default', async (t) => {
  const never = async (): Promise<string> => await new Promise(() => {});
  const error = await t.throwsAsync(timeoutable(never, REACHABLE)(), { instanceOf: TimeoutError });
  t.regex(error.message, /`never`/);
  t.is(error.stage, 'abandoned');
  t.is(await timeoutable(never, { timeout: 5, default: 'late' })(), 'late');
  await t.throwsAsync(timeoutable(never, undefined as never).within(5)(), {
    instanceOf: TimeoutError,
  });
});

test('a generator function becomes a coroutine: its `finally` runs at the timeout', async (t) => {
  const seen: string[] = [];
  function* steps(this: unknown, first: number): Generator<unknown, number> {
    try {
      const second = (yield Promise.resolve(first + 1)) as number;
      if (second > 1) return second;
      yield new Promise(() => {});
      return 0;
    } finally {
      seen.push('finally');
    }
  }
  // With a grace, so that a machine that is busy at the deadline does not have a step cut.
  const limited = timeoutable(steps, { timeout: 60_000, grace: 60_000 });
  t.is(await limited(1), 2);
  await t.throwsAsync(limited.within(5)(0), { instanceOf: TimeoutError });
  t.deepEqual(seen, ['finally', 'finally']);
});

test('async methods are decorated like others', async (t) => {
  class Service {
    readonly name = 'service';
    @timeoutable({ timeout: 5, default: 'none' })
    async fetch(wait: boolean): Promise<string> {
      if (wait) await new Promise(() => {});
      return this.name;
    }
  }
  const service = new Service();
  const { fetch } = service as unknown as {
    fetch: Timeoutable<Service, [boolean], Promise<string>>;
  };
  t.is(await fetch.within(60_000).call(service, false), 'service');
  t.is(await new Service().fetch(true), 'none');
});

test('options that only synchronous work can have are refused when the function is made', (t) => {
  const work = async (): Promise<number> => 1;
  for (const options of [{ timeout: 5, strategy: 'native' } as const, { cpuTimeout: 5 }]) {
    t.throws(() => timeoutable(work, options), { instanceOf: InvalidOptionError });
  }
});

test('work that is no function is refused', (t) => {
  t.throws(() => timeoutable('parse' as never, 10), { instanceOf: InvalidOptionError });
  t.throws(() => timeoutable(undefined as never, 10), { instanceOf: InvalidOptionError });
});

test('a decorator on anything but a method is refused', (t) => {
  const decorator = timeoutable({ timeout: 10 });
  for (const kind of ['class', 'field', 'getter', 'setter', 'accessor']) {
    t.throws(() => decorator(add as never, { kind } as never), { instanceOf: InvalidOptionError });
  }
});

test('the legacy form of decorators is refused, and told which one is meant', (t) => {
  const decorator = timeoutable({ timeout: 10 }) as never as (...args: unknown[]) => unknown;
  const { error } = outcomeOf(() => decorator(class {}, 'method', { value: add }));
  t.true(error instanceof InvalidOptionError);
  t.regex(String(error), /standard decorators/);
});

import test from 'ava';
import { InvalidOptionError, run, runSync, statistics, Timeout, timeoutable } from 'hardstop';
import { loopForever, REACHABLE } from '../harness/work.js';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { testEachStrategy } from '../harness/strategies.js';

type Kind = 'TypeError' | 'RangeError';

// What each call takes as its options; the types forbid all of it.
type AnyOptions = never;

const DURATION_RULE = 'a non-negative number of milliseconds';
const INSTANT_RULE = 'an instant on the performance.now() scale';

const notNumbers: readonly [unknown, shown: string][] = [
  ['50', "`'50'` (string)"],
  ['', "`''` (string)"],
  [10n, '`10n` (bigint)'],
  [true, '`true` (boolean)'],
  [{ valueOf: () => 50 }, '(object)'],
  [[50], '`[ 50 ]` (object)'],
  [Symbol('fifty'), '`Symbol(fifty)` (symbol)'],
  [() => 50, '(function)'],
];

const notDurations: readonly [unknown, shown: string][] = [
  [-1, '`-1` (number)'],
  [-0.001, '`-0.001` (number)'],
  [-Infinity, '`-Infinity` (number)'],
  [NaN, '`NaN` (number)'],
];

interface BadOption {
  readonly option: string;
  readonly value: unknown;
  readonly kind: Kind;
  readonly rule: string;
  readonly shown: string;
  readonly beside?: Record<string, unknown>;
}

const bad = (kind: Kind, option: string, rule: string) => {
  return ([value, shown]: readonly [unknown, string]): BadOption => {
    return { option, value, kind, rule, shown };
  };
};

const badOptions: readonly BadOption[] = [
  ...notNumbers.map(bad('TypeError', 'timeout', DURATION_RULE)),
  ...notDurations.map(bad('RangeError', 'timeout', DURATION_RULE)),
  ...notNumbers.map(bad('TypeError', 'cpuTimeout', DURATION_RULE)),
  ...notDurations.map(bad('RangeError', 'cpuTimeout', DURATION_RULE)),
  ...notNumbers.map(bad('TypeError', 'grace', DURATION_RULE)),
  ...notDurations.map(bad('RangeError', 'grace', DURATION_RULE)),
  ...notNumbers.map(bad('TypeError', 'deadline', INSTANT_RULE)),
  bad('RangeError', 'deadline', INSTANT_RULE)([NaN, '`NaN` (number)']),
  {
    ...bad('TypeError', 'deadline', 'absent beside `timeout`')([50, '`50` (number)']),
    beside: { timeout: 50 },
  },
  {
    ...bad('TypeError', 'deadline', 'absent beside `timeout`')([50, '`50` (number)']),
    beside: { timeout: Infinity },
  },
  ...(
    [
      [null, 'null'],
      ['signal', 'string'],
      [{ aborted: false }, 'object'],
      [{ aborted: 'no', addEventListener() {} }, 'object'],
    ] as const
  ).map(([value, type]) => bad('TypeError', 'signal', 'an AbortSignal')([value, `(${type})`])),
  ...(
    [
      [null, 'null'],
      [42, 'number'],
      [true, 'boolean'],
      [{ message: 'late' }, 'object'],
    ] as const
  ).map(([value, type]) =>
    bad(
      'TypeError',
      'error',
      'an Error, an Error class, a message, a function or `false`',
    )([value, `(${type})`]),
  ),
  {
    ...bad('TypeError', 'error', 'absent or `false` beside `default`')(['late', "`'late'`"]),
    beside: { default: 1 },
  },
  bad('TypeError', 'onTimeout', 'a function')([{}, '`{}` (object)']),
  bad('TypeError', 'onTimeout', 'a function')([null, '`null` (null)']),
  bad('TypeError', 'name', 'a string')([7, '`7` (number)']),
  bad('TypeError', 'name', 'a string')([null, '`null` (null)']),
  bad('TypeError', 'debug', "'enforce' or 'suspend'")(['off', "`'off'` (string)"]),
  bad('TypeError', 'debug', "'enforce' or 'suspend'")([true, '`true` (boolean)']),
  ...['Native', 'cooperative', 'thread', '', null, 1].map((value) =>
    bad('TypeError', 'strategy', "'auto', 'native', 'vm', 'worker' or 'process'")([value, '']),
  ),
];

for (const [index, { option, value, kind, rule, shown, beside }] of badOptions.entries()) {
  const given = `${index}. ${option}: ${shown || String(value)}`;
  const others = beside === undefined ? '' : ` beside ${JSON.stringify(beside)}`;

  test(`${given}${others} is refused before anything is started`, (t) => {
    const options = { ...beside, [option]: value } as AnyOptions;
    const { armed } = statistics();
    let started = false;
    const work = (): void => {
      started = true;
    };
    for (const call of [
      () => runSync(work, options),
      () => new Timeout((beside?.['timeout'] ?? undefined) as never, options).runSync(work),
      () => timeoutable(work, options),
      () => timeoutable(options),
    ]) {
      if (option === 'timeout' && call.toString().includes('new Timeout')) continue;
      const { error } = outcomeOf(call);
      t.true(error instanceof InvalidOptionError, String(error));
      if (!(error instanceof InvalidOptionError)) return;
      t.true(error instanceof (kind === 'TypeError' ? TypeError : RangeError), error.message);
      t.is(error.name, 'InvalidOptionError');
      t.is(error.code, 'ERR_HARDSTOP_INVALID_OPTION');
      t.is(error.option, option);
      t.is(error.value, value);
      t.true(error.message.startsWith(`Expected the \`${option}\` option to be ${rule}, got `));
      t.true(error.message.includes(shown), error.message);
    }
    t.false(started);
    t.is(statistics().armed, armed);
  });
}

for (const [value, shown] of [...notNumbers, ...notDurations]) {
  // An object in this place holds options.
  if (typeof value === 'object') continue;
  test(`a limit of ${shown} in place of the options is refused`, (t) => {
    for (const call of [
      () => runSync(loopForever, value as AnyOptions),
      () => new Timeout(value as AnyOptions),
      () => timeoutable(loopForever, value as AnyOptions),
      () => timeoutable(loopForever, 10).within(value as AnyOptions),
      () => {
        new Timeout(10).reschedule(value as AnyOptions);
      },
    ]) {
      const { error } = outcomeOf(call);
      t.true(error instanceof InvalidOptionError, String(error));
      t.true((error as Error).message.includes(shown), String(error));
      t.is((error as InvalidOptionError).option, 'timeout');
    }
  });
}

for (const work of [undefined, null, 'work', {}, 1, Promise.resolve()]) {
  test(`work that is no function is refused: ${String(work)}`, (t) => {
    const { error } = outcomeOf(() => runSync(work as never, 10));
    t.true(error instanceof InvalidOptionError);
    t.true(error instanceof TypeError);
    t.is((error as InvalidOptionError).option, 'work');
  });
}

for (const timeout of [undefined, null, Infinity]) {
  testEachStrategy(`a timeout of ${String(timeout)} is none, and arms nothing`, (t, strategy) => {
    const { armed } = statistics();
    const scope = new Timeout(timeout, { strategy });
    t.is(
      scope.runSync(() => scope.deadline),
      Infinity,
    );
    t.is(scope.timeout, Infinity);
    t.is(
      runSync(() => 'value', { timeout, strategy }),
      'value',
    );
    t.is(statistics().armed, armed);
  });
}

test('options may be left out where they say nothing', (t) => {
  t.is(
    runSync(() => 1, undefined),
    1,
  );
  t.is(
    runSync(() => 2, null),
    2,
  );
  t.is(
    runSync(() => 3, {}),
    3,
  );
  t.is(
    new Timeout().runSync(() => 4),
    4,
  );
});

// setTimeout turns each of these into 1 ms.
for (const timeout of [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 1e15, Number.MAX_VALUE]) {
  testEachStrategy(`a timeout of ${String(timeout)} ms is honoured`, (t, strategy) => {
    const scope = new Timeout(timeout, { strategy });
    const value = scope.runSync(() => {
      for (let i = 0; i < 1000; i++) scope.checkpoint();
      return scope.remaining();
    });
    t.is(scope.state, 'executed');
    t.is(scope.timeout, timeout);
    t.true(value > timeout * 0.999 && value <= timeout);
  });
}

testEachStrategy('a timeout of 0 has expired already: the work is not started', (t, strategy) => {
  for (const timeout of [0, -0]) {
    let started = false;
    const scope = new Timeout(timeout, { strategy });
    const error = timeoutOf(t, () =>
      scope.runSync(() => {
        started = true;
      }),
    );
    t.false(started);
    t.is(error.stage, 'refused');
    t.is(error.strategy, strategy);
    t.true(error.stopped);
    t.is(error.timeout, timeout);
    t.is(error.cause, undefined);
    t.is(scope.state, 'timed_out');
  }
});

testEachStrategy('work with a deadline in the past is not started', (t, strategy) => {
  for (const deadline of [0, -1, -Infinity, performance.now() - 0.001, performance.now()]) {
    let started = false;
    const error = timeoutOf(t, () =>
      runSync(
        () => {
          started = true;
        },
        { deadline, strategy },
      ),
    );
    t.false(started);
    t.is(error.stage, 'refused');
    t.is(error.timeout, 0);
    t.true(error.elapsed >= 0);
  }
});

testEachStrategy('a deadline in the future stops the work there, not before', (t, strategy) => {
  const deadline = performance.now() + REACHABLE + 0.25;
  const error = timeoutOf(t, () => runSync(loopForever, { deadline, strategy }));
  t.true(performance.now() >= deadline);
  t.true(error.timeout > 0 && error.timeout <= REACHABLE + 0.25);
});

testEachStrategy('a deadline of undefined, null or Infinity is none', (t, strategy) => {
  for (const deadline of [undefined, null, Infinity]) {
    const scope = new Timeout(undefined, { deadline, strategy });
    t.is(
      scope.runSync(() => scope.remaining()),
      Infinity,
    );
  }
  t.is(
    runSync(() => 1, { deadline: null, timeout: 60_000, strategy }),
    1,
  );
});

test('options are read when the scope is made, and later changes do not matter', (t) => {
  const options: { default: unknown; name: string } = { default: 1, name: 'first' };
  const scope = new Timeout(0, options);
  options.default = 2;
  options.name = 'second';
  t.is(
    scope.runSync(() => 3),
    1,
  );
  t.is(scope.name, 'first');
});

test('an AbortSignal of another realm or make is taken', (t) => {
  const foreign = {
    aborted: false,
    reason: undefined,
    addEventListener() {},
    removeEventListener() {},
  };
  t.is(
    runSync(() => 1, { signal: foreign as never }),
    1,
  );
});

test('a length of time as another object is refused: as options it would be no limit', async (t) => {
  for (const wrapped of [[50], new Date(50), Object(50), Object('50')] as AnyOptions[]) {
    const refused = { code: 'ERR_HARDSTOP_INVALID_OPTION', instanceOf: TypeError };
    t.throws(() => runSync(() => 1, wrapped), refused);
    t.throws(() => timeoutable(() => 1, wrapped), refused);
    t.throws(() => new Timeout(50, wrapped), refused);
    await t.throwsAsync(
      run(() => 1, wrapped),
      refused,
    );
  }
});

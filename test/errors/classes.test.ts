import test from 'ava';
import {
  InvalidOptionError,
  InvalidStateError,
  InvalidThreadError,
  NotTransferableError,
  StrategyUnavailableError,
  WorkerExitError,
} from 'hardstop';
import { invalidOptionRange, invalidOptionType } from '#internal/errors/invalid-option-error.js';

const cause = new Error('the reason');

const errors: readonly [Error & { code?: string }, name: string, code: string][] = [
  [invalidOptionType('name', 'a string', 1), 'InvalidOptionError', 'ERR_HARDSTOP_INVALID_OPTION'],
  [invalidOptionRange('timeout', 'x', -1), 'InvalidOptionError', 'ERR_HARDSTOP_INVALID_OPTION'],
  [new InvalidStateError('x'), 'InvalidStateError', 'ERR_HARDSTOP_INVALID_STATE'],
  [new InvalidThreadError(7, 'x'), 'InvalidThreadError', 'ERR_HARDSTOP_INVALID_THREAD'],
  [new NotTransferableError('x'), 'NotTransferableError', 'ERR_HARDSTOP_NOT_TRANSFERABLE'],
  [
    new StrategyUnavailableError('native', 'x', { cause }),
    'StrategyUnavailableError',
    'ERR_HARDSTOP_STRATEGY_UNAVAILABLE',
  ],
  [new WorkerExitError({ exitCode: 3 }), 'WorkerExitError', 'ERR_HARDSTOP_WORKER_EXIT'],
];

for (const [index, [error, name, code]] of errors.entries()) {
  test(`${index}. ${name} has its name inherited, and a stable code`, (t) => {
    t.true(error instanceof Error);
    t.is(error.name, name);
    t.false(Object.hasOwn(error, 'name'));
    t.false(Object.getOwnPropertyDescriptor(Object.getPrototypeOf(error), 'name')?.enumerable);
    t.is(error.code, code);
    t.true(error.stack?.startsWith(`${name}: `));
  });
}

test('an invalid option is a TypeError or a RangeError, and an InvalidOptionError in both cases', (t) => {
  const type = invalidOptionType('name', 'a string', 1);
  const range = invalidOptionRange('timeout', 'positive', -1);
  t.true(type instanceof TypeError && !(type instanceof RangeError));
  t.true(range instanceof RangeError && !(range instanceof TypeError));
  t.true(type instanceof InvalidOptionError && range instanceof InvalidOptionError);
  t.throws(
    () => {
      throw range;
    },
    { instanceOf: InvalidOptionError },
  );
  t.false(new TypeError('x') instanceof InvalidOptionError);
  t.false((undefined as unknown) instanceof InvalidOptionError);
});

test('a message about an option names option, rule, value and type', (t) => {
  t.is(
    invalidOptionRange('timeout', 'a number', -1).message,
    'Expected the `timeout` option to be a number, got `-1` (number)',
  );
  t.is(
    invalidOptionType('name', 'a string', null).message,
    'Expected the `name` option to be a string, got `null` (null)',
  );
});

const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error('hostile');
    },
    getPrototypeOf() {
      throw new Error('hostile');
    },
    ownKeys() {
      throw new Error('hostile');
    },
  },
);
for (const [what, value] of [
  ['a huge string', 'x'.repeat(1e6)],
  ['a deep object', { a: { b: { c: [1, 2, 3] } } }],
  ['a hostile proxy', hostile],
  [
    'an object with a throwing inspection',
    {
      [Symbol.for('nodejs.util.inspect.custom')]() {
        throw new Error('hostile');
      },
    },
  ],
] as const) {
  test(`showing the value is bounded and never throws: ${what}`, (t) => {
    const { message, value: kept } = invalidOptionType('timeout', 'a number', value);
    t.true(message.length < 250, message);
    t.is(kept, value);
  });
}

test('the value of an invalid option is kept, but not shown', (t) => {
  const error = invalidOptionType('timeout', 'a number', 'x');
  t.deepEqual(Object.keys(error).sort(), ['code', 'option']);
});

test('an error tells its details', (t) => {
  t.is(new InvalidThreadError(7, 'x').threadId, 7);
  const unavailable = new StrategyUnavailableError('vm', 'x', { cause });
  t.is(unavailable.strategy, 'vm');
  t.is(unavailable.cause, cause);
  const exit = new WorkerExitError({ exitCode: 3 });
  t.is(exit.exitCode, 3);
  t.is(exit.signal, undefined);
  t.regex(exit.message, /exit code 3/);
});

import { inspect } from 'node:util';
import test from 'ava';
import { now } from '#internal/clock.js';
import { NotTransferableError } from '#internal/errors/not-transferable-error.js';
import { functionSource } from '#internal/strategy/function-source.js';
import { automaticStrategy } from '#internal/strategy/select-strategy.js';

type AnyFunction = (...args: never[]) => unknown;

const outside = 1;
let counter = 0;
const { format } = { format: inspect };

function captured(work: AnyFunction): string {
  try {
    functionSource(work);
    return '';
  } catch (error) {
    if (!(error instanceof NotTransferableError)) throw error;
    return /uses (.*) from around/.exec(error.message)?.[1] ?? error.message;
  }
}

class Owner {
  static method(): number {
    return outside;
  }
}

/** A function and what it captures. */
const captures: Readonly<Record<string, readonly [AnyFunction, string]>> = {
  'a constant': [() => outside, '`outside`'],
  'a variable that it changes': [() => counter++, '`counter`'],
  'an import': [() => inspect(1), '`inspect`'],
  'a destructured one': [() => format(1), '`format`'],
  'in a default': [(a = outside) => a, '`outside`'],
  'in a nested function': [() => () => outside, '`outside`'],
  'in a template': [() => `${outside}`, '`outside`'],
  'in a shorthand property': [() => ({ outside }), '`outside`'],
  'two of them': [() => outside + counter, '`outside`, `counter`'],
  'a method': [Owner.method, '`outside`'],
  'of a function around': [
    (
      (local: number): AnyFunction =>
      () =>
        local
    )(1),
    '`local`',
  ],
  'itself by the name of a constant': [
    ((): AnyFunction => {
      const again = (n: number): number => (n > 0 ? again(n - 1) : 0);
      return again;
    })(),
    '`again`',
  ],
  'an async function': [async () => Promise.resolve(outside), '`outside`'],
};

for (const [name, [work, expected]] of Object.entries(captures)) {
  test(`what a function takes from around it is named: ${name}`, (t) => {
    t.is(captured(work), expected);
  });
}

const clean: Readonly<Record<string, AnyFunction>> = {
  globals: () => [Math.max(1, 2), process.pid, Buffer.alloc(1), structuredClone(1), console],
  'a parameter of that name': (outside: number) => outside,
  'a property of that name': (a: { outside: number }) => a.outside + { counter: 1 }.counter,
  'a local of that name': () => {
    const outside = 1;
    return outside;
  },
  'a destructured parameter': ({ outside: renamed, counter = 2 }: Record<string, number>) =>
    (renamed ?? 0) + counter,
  'a label, a string and a comment': () => {
    // outside
    outside: for (;;) break outside;
    return 'counter';
  },
  'a name in a catch clause': () => {
    try {
      return 1;
    } catch (outside) {
      return outside;
    }
  },
  'a function of its own name': function again(n: number): number {
    return n > 0 ? again(n - 1) : 0;
  },
  'a name that it asks for first': () => (typeof outside === 'undefined' ? 0 : outside),
  'a name that is nowhere': () => (typeof nowhere === 'undefined' ? 0 : nowhere()),
  'a class inside': () =>
    class {
      outside = 1;
      #counter = 2;
      sum(): number {
        return this.outside + this.#counter;
      }
    },
  'a type only': (): typeof outside => 1,
};

declare const nowhere: () => number;

for (const [name, work] of Object.entries(clean)) {
  test(`a self-contained function passes: ${name}`, (t) => {
    t.is(captured(work), '');
  });
}

test('two functions of one text may differ in what is around them', (t) => {
  const inClosure = ((): AnyFunction => {
    const somewhere = 1;
    return () => somewhere;
  })();
  const nowhereElse = (0, eval)('() => somewhere') as AnyFunction;
  t.is(captured(inClosure), '`somewhere`');
  t.is(captured(nowhereElse), '');
});

test('what is around a call is neither run nor stopped by the search', (t) => {
  const ran: string[] = [];
  const work = (_a: unknown = ran.push('default')): number => 1;
  t.is(captured(work), '`ran`');
  t.deepEqual(ran, []);
  t.is(
    automaticStrategy.run(
      () => captured(() => outside + 1),
      undefined,
      now() + 60_000,
      now() + 60_000,
      Infinity,
      Infinity,
      0,
    ),
    '`outside`',
  );
});

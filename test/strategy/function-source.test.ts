import { NotTransferableError } from '#internal/errors/not-transferable-error.js';
import { functionSource } from '#internal/strategy/function-source.js';
import vm from 'node:vm';
import test from 'ava';

type AnyFunction = (...args: never[]) => unknown;

/** What the worker does with it. */
function revive(work: AnyFunction): (...args: unknown[]) => unknown {
  const { program, form } = functionSource(work);
  const result = vm.runInThisContext(program) as Record<string, unknown>;
  const [name = ''] = Object.keys(result);
  const property = Object.getOwnPropertyDescriptor(result, name);
  return (form === 'function' ? result : (property?.get ?? property?.set ?? property?.value)) as (
    ...args: unknown[]
  ) => unknown;
}

const key = 'key';
class Owner {
  static twice(a: number): number {
    return a * 2;
  }
  #hidden(a: number): number {
    return a * 2;
  }
  hidden(): (a: number) => number {
    return this.#hidden;
  }
}

const expression = function (a: number): number {
  return a * 2;
};

const doubles: Readonly<Record<string, AnyFunction>> = {
  'an arrow function': (a: number) => a * 2,
  'an arrow function that returns an object': (a: number) => ({ a }).a * 2,
  'an async arrow function': async (a: number) => Promise.resolve(a * 2),
  'a function expression': expression,
  'a named async function': async function named(a: number) {
    return Promise.resolve(a * 2);
  },
  'a method': {
    method(a: number) {
      return a * 2;
    },
  }.method,
  'an async method': {
    async method(a: number) {
      return Promise.resolve(a * 2);
    },
  }.method,
  'a method with a computed name': {
    [key](a: number) {
      return a * 2;
    },
  }[key],
  'a method whose computed name has brackets': {
    [['](', key].at(1) as 'key'](a: number) {
      return a * 2;
    },
  }[key],
  'an async method with a computed name': {
    async [key](a: number) {
      return Promise.resolve(a * 2);
    },
  }[key],
  'a method that is called get': {
    get(a: number) {
      return a * 2;
    },
  }.get,
  'a method that is called class': {
    class(a: number) {
      return a * 2;
    },
  }.class,
  'a method that is called async': {
    async(a: number) {
      return a * 2;
    },
  }.async,
  'a method with a quoted name': {
    'a b'(a: number) {
      return a * 2;
    },
  }['a b'],
  'a method with a number for a name': {
    7(a: number) {
      return a * 2;
    },
  }[7],
  'a static method': Owner.twice,
  'a private method': new Owner().hidden(),
  'a function that ends in a comment': new Function('a', 'return a * 2 // twice') as AnyFunction,
};
for (const [title, work] of Object.entries(doubles)) {
  test(`${title} can be sent`, async (t) => {
    t.is(await revive(work)(21), 42);
  });
}

test('a getter can be sent', (t) => {
  const owner = {
    get [key]() {
      return 5;
    },
  };
  t.is(revive(Object.getOwnPropertyDescriptor(owner, key)?.get as AnyFunction)(), 5);
});

test('strict code stays strict, sloppy code sloppy', (t) => {
  const strict = function (this: unknown): boolean {
    return this === undefined;
  };
  const sloppy = new Function('return this === undefined') as AnyFunction;
  const onlySloppy = vm.runInThisContext('(o) => { with (o) return x; }') as AnyFunction;
  t.true(revive(strict)());
  t.false(revive(sloppy)());
  t.is(revive(onlySloppy)({ x: 1 }), 1);
});

const refusals: readonly (readonly [string, AnyFunction, RegExp])[] = [
  ['a class', class Shape {} as unknown as AnyFunction, /`Shape`.*class/],
  ['a built-in function', Math.max, /`max`.*built in or bound/],
  ['a bound function', (() => 1).bind(undefined), /built in or bound/],
  ['a proxy', new Proxy(() => 1, {}), /proxy/],
  [
    'a generator function',
    function* () {
      yield 1;
    },
    /generator/,
  ],
  [
    'an async generator method',
    {
      async *steps() {
        yield await Promise.resolve(1);
      },
    }.steps,
    /generator/,
  ],
];
for (const [title, work, reason] of refusals) {
  test(`${title} is refused with the reason`, (t) => {
    t.throws(() => functionSource(work), { instanceOf: NotTransferableError, message: reason });
  });
}

import v8 from 'node:v8';
import vm from 'node:vm';
import { fromTransferable, LOST_PROPERTIES, toTransferable } from '#internal/errors/transfer.js';
import {
  InvalidOptionError,
  isTimeoutError,
  NotTransferableError,
  runSync,
  TimeoutError,
  WorkerExitError,
} from '#internal/index.js';
import test from 'ava';
/** There and back, as a message would go. */
function send(thrown: unknown): unknown {
  return fromTransferable(structuredClone(toTransferable(thrown)));
}

const sendsClass = test.macro({
  exec(t, error: Error) {
    const arrived = send(error) as Error;
    t.is(Object.getPrototypeOf(arrived), Object.getPrototypeOf(error));
    t.is(arrived.name, error.name);
    t.is(arrived.message, error.message);
    t.is(arrived.stack, error.stack);
    t.deepEqual(Object.keys(arrived), Object.keys(error));
  },
  title: (_, error: Error) => `a ${error.constructor.name} arrives as one`,
});

for (const error of [
  new Error('plain'),
  new EvalError('eval'),
  new RangeError('range'),
  new ReferenceError('reference'),
  new SyntaxError('syntax'),
  new TypeError('type'),
  new URIError('uri'),
  new WorkerExitError({ exitCode: 3 }),
  new NotTransferableError('no'),
]) {
  test(sendsClass, error);
}

test('a DOMException arrives as one, with its code', (t) => {
  const error = new DOMException('gone', 'AbortError');
  const arrived = send(error) as DOMException;
  t.true(arrived instanceof DOMException);
  t.is(arrived.name, 'AbortError');
  t.is(arrived.code, error.code);
  t.is(arrived.stack, error.stack);
});

test('a TimeoutError keeps what it tells, but not its scope', (t) => {
  const error = t.throws(() => runSync(() => 1, { timeout: 0, name: 'nothing' }));
  const arrived = send(error) as TimeoutError;
  t.true(arrived instanceof TimeoutError);
  t.true(isTimeoutError(arrived));
  t.is(arrived.stage, 'refused');
  t.is(arrived.timeout, 0);
  t.is(arrived.scope, undefined);
});

test('both kinds of InvalidOptionError arrive as what they are', (t) => {
  for (const [timeout, base] of [
    ['x', TypeError],
    [-1, RangeError],
  ] as const) {
    const error = t.throws(() => runSync(() => 1, timeout as number));
    const arrived = send(error);
    t.true(arrived instanceof InvalidOptionError);
    t.true(arrived instanceof base);
    t.is((arrived as InvalidOptionError).value, timeout);
  }
});

test('an unknown class becomes the nearest built-in one, with its name', (t) => {
  class ParseError extends SyntaxError {
    override name = 'ParseError';
    line = 3;
  }
  class Silent extends Error {}
  Object.defineProperty(Silent.prototype, 'name', { value: 'Silent' });
  const arrived = send(new ParseError('bad')) as ParseError;
  t.is(Object.getPrototypeOf(arrived), SyntaxError.prototype);
  t.is(arrived.name, 'ParseError');
  t.is(arrived.line, 3);
  const silent = send(new Silent('hush')) as Error;
  t.is(silent.name, 'Silent');
  t.deepEqual(Object.keys(silent), []);
});

test('an error of another realm keeps its class', (t) => {
  const foreign = vm.runInNewContext('new RangeError("afar")') as Error;
  t.false(foreign instanceof Error);
  t.true(send(foreign) instanceof RangeError);
});

test('causes arrive, however many, and cycles stay cycles', (t) => {
  let error = new Error('0');
  for (let depth = 1; depth < 900; depth++) error = new Error(String(depth), { cause: error });
  let arrived = send(error) as Error;
  let depth = 0;
  for (; arrived.cause instanceof Error; depth++) arrived = arrived.cause;
  t.is(depth, 899);

  const self = new Error('self');
  self.cause = self;
  const back = send(self) as Error;
  t.is(back.cause, back);
});

test('an endless chain of causes is cut', (t) => {
  class Endless extends Error {
    constructor() {
      super('again');
      Object.defineProperty(this, 'cause', { get: () => new Endless(), enumerable: true });
    }
  }
  t.notThrows(() => send(new Endless()));
});

test('the errors of an AggregateError arrive as errors', (t) => {
  const arrived = send(
    new AggregateError([new TypeError('a'), 'b', undefined], 'all'),
  ) as AggregateError;
  t.true(arrived instanceof AggregateError);
  t.true(arrived.errors[0] instanceof TypeError);
  t.deepEqual(arrived.errors.slice(1), ['b', undefined]);
  t.false(Object.keys(arrived).includes('errors'));
});

test('own enumerable properties arrive; what cannot be sent is dropped and noted', (t) => {
  const error = Object.assign(new Error('x'), {
    code: 'E_X',
    when: new Date(0),
    related: new TypeError('y'),
    callback: () => 1,
    mark: Symbol('mark'),
  });
  Object.defineProperty(error, 'trap', {
    enumerable: true,
    get() {
      throw new Error('trapped');
    },
  });
  const arrived = send(error) as typeof error & { [LOST_PROPERTIES]: string[] };
  t.is(arrived.code, 'E_X');
  t.deepEqual(arrived.when, new Date(0));
  t.true(arrived.related instanceof TypeError);
  t.deepEqual(arrived[LOST_PROPERTIES], ['callback', 'mark', 'trap']);
});

test('values that are no errors arrive as themselves', (t) => {
  for (const value of [undefined, null, 0, -0, NaN, 'text', 10n, true]) t.is(send(value), value);
  t.deepEqual(send({ a: [1] }), { a: [1] });
});

test('a thrown value that cannot be sent becomes a NotTransferableError that shows it', (t) => {
  for (const [value, shown] of [
    [Symbol('s'), /Symbol\(s\)/],
    [() => 1, /Function/],
  ] as const) {
    const arrived = send(value) as Error;
    t.true(arrived instanceof NotTransferableError);
    t.regex(arrived.message, shown);
  }
});

test('no error is hostile enough to make it throw', (t) => {
  const trap = (): never => {
    throw new Error('trap');
  };
  const traps = new Proxy({}, { get: () => trap }) as ProxyHandler<Error>;
  const bad = new Error('bad');
  for (const key of ['stack', 'name', 'message', 'cause', 'code']) {
    Object.defineProperty(bad, key, { get: trap, enumerable: true });
  }
  const revoked = Proxy.revocable(new Error('r'), {});
  revoked.revoke();
  const odd = Object.assign(new Error('odd'), { name: 7, stack: {} });
  const hostile: readonly unknown[] = [
    new Proxy(new Error('p'), traps),
    new Proxy({}, traps as ProxyHandler<object>),
    bad,
    revoked.proxy,
    odd,
    Object.freeze(new Error('frozen')),
    Object.create(Error.prototype) as Error,
    Object.setPrototypeOf(new Error('bare'), null) as Error,
  ];
  for (const error of hostile) t.notThrows(() => send(error));
});

test('the data survives v8.serialize as well', (t) => {
  const data = toTransferable(new TypeError('x', { cause: new Error('y') }));
  const arrived = fromTransferable(v8.deserialize(v8.serialize(data)) as typeof data) as Error;
  t.true(arrived instanceof TypeError);
  t.is((arrived.cause as Error).message, 'y');
});

import test from 'ava';
import { run, Timeout, wait, type Waited } from 'hardstop';
import { forever, runWithin, timeoutFrom, turn } from '../harness/async-work.js';

test('`yield* wait(value)` gives what the value settles with', async (t) => {
  const thenable = { then: (resolve: (value: string) => void) => resolve('thenable') };
  const values = await run(function* () {
    return [
      yield* wait(Promise.resolve('promise')),
      yield* wait(turn().then(() => 'later')),
      yield* wait(thenable),
      yield* wait('plain'),
      yield* wait(undefined),
      yield* wait(null),
    ];
  }, 60_000);
  t.deepEqual(values, ['promise', 'later', 'thenable', 'plain', undefined, null]);
});

test('`wait` of an array waits for all', async (t) => {
  const values = await run(function* () {
    const [first, second, third] = yield* wait([
      turn().then(() => 1),
      'two',
      Promise.resolve(true),
    ]);
    const exact: [number, string, boolean] = [first, second, third];
    return exact;
  }, 60_000);
  t.deepEqual(values, [1, 'two', true]);
  t.deepEqual(
    await run(function* () {
      return yield* wait([]);
    }, 60_000),
    [],
  );
});

test('`wait` throws what the promise rejects with', async (t) => {
  const failure = new Error('of the promise');
  const caught = await run(function* () {
    try {
      yield* wait(Promise.reject(failure));
    } catch (error) {
      return error;
    }
    return undefined;
  }, 60_000);
  t.is(caught, failure);
});

test('the timeout is thrown at a `wait`', async (t) => {
  const order: string[] = [];
  const scope = new Timeout();
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, function* () {
      try {
        yield* wait(forever());
        order.push('went on');
      } finally {
        order.push('finally');
      }
    }),
  );
  t.is(error.scope, scope);
  t.deepEqual(order, ['finally']);
});

test('`wait` takes its one step when it is driven, and yields the value itself', (t) => {
  const promise = Promise.resolve(1);
  const steps = wait(promise);
  const first = steps.next();
  t.false(first.done);
  t.is(first.value, promise);
  const last = steps.next(2);
  t.true(last.done);
  t.is(last.value, 2 as never);
});

test('the type of a wait is that of what it waits for', (t) => {
  const text: Waited<Promise<string>> = 'text';
  const nested: Waited<Promise<Promise<number>>> = 1;
  const pair: Waited<[Promise<string>, number]> = ['text', 1];
  const list: Waited<readonly Promise<number>[]> = [1, 2];
  t.deepEqual([text, nested, pair, list], ['text', 1, ['text', 1], [1, 2]]);
});

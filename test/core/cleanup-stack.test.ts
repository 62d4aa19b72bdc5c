import test from 'ava';
import { CleanupStack, suppress, type SuppressedErrorLike } from '#internal/core/cleanup-stack.js';

test('callbacks run last in, first out, each once', (t) => {
  const order: number[] = [];
  const stack = new CleanupStack();
  for (const i of [1, 2, 3]) stack.push(() => order.push(i));
  t.is(stack.run(undefined), undefined);
  t.is(stack.run(undefined), undefined);
  t.deepEqual(order, [3, 2, 1]);
});

test('a callback that registers another has it run next', (t) => {
  const order: string[] = [];
  const stack = new CleanupStack();
  stack.push(() => order.push('first'));
  stack.push(() => {
    order.push('second');
    stack.push(() => order.push('late'));
  });
  stack.run(undefined);
  t.deepEqual(order, ['second', 'late', 'first']);
});

test('an error that was on its way passes through unchanged', (t) => {
  const failure = { error: new Error('work') };
  const stack = new CleanupStack();
  stack.push(() => 1);
  t.is(stack.run(failure), failure);
});

test('the error of a callback does not keep the others from running', (t) => {
  const order: string[] = [];
  const stack = new CleanupStack();
  stack.push(() => order.push('first'));
  stack.push(() => {
    throw new Error('cleanup');
  });
  t.deepEqual(stack.run(undefined)?.error, new Error('cleanup'));
  t.deepEqual(order, ['first']);
});

test('every error is kept: the later one suppresses the earlier one, as with `using`', (t) => {
  const stack = new CleanupStack();
  for (const message of ['b', 'a']) {
    stack.push(() => {
      throw new Error(message);
    });
  }
  const outer = stack.run({ error: 'work' })?.error as SuppressedErrorLike;
  t.is(outer.name, 'SuppressedError');
  t.deepEqual(outer.error, new Error('b'));
  const inner = outer.suppressed as SuppressedErrorLike;
  t.deepEqual(inner.error, new Error('a'));
  t.is(inner.suppressed, 'work');
});

test('a suppressed error has the properties of the language, not enumerable', (t) => {
  const { error } = suppress(1, { error: undefined });
  t.true(error instanceof Error);
  const suppressed = error as SuppressedErrorLike;
  t.is(suppressed.error, 1);
  t.true('suppressed' in suppressed);
  t.deepEqual(Object.keys(suppressed), []);
  t.is(suppress(1, undefined).error, 1);
});

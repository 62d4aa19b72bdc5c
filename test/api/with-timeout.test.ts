import test from 'ava';
import {
  InvalidOptionError,
  isTimeoutError,
  run,
  Timeout,
  type TimeoutError,
  withTimeout,
} from 'hardstop';
import { forever, settled, timeoutFrom, turn } from '../harness/async-work.js';
import { REACHABLE } from '../harness/work.js';

test('work in time has its value, whatever `timeoutValue` is', async (t) => {
  t.is(await withTimeout(60_000, async () => turn().then(() => 'value')), 'value');
  t.is(
    await withTimeout(60_000, async () => turn().then(() => undefined), {
      timeoutValue: 'instead',
    }),
    undefined,
  );
});

test('`timeoutValue` is given on timeout', async (t) => {
  t.is(await withTimeout(5, forever, { timeoutValue: 'instead' }), 'instead');
  const coroutine = withTimeout(
    5,
    function* () {
      yield forever();
    },
    { timeoutValue: 'instead' },
  );
  t.is(await coroutine, 'instead' as never);
});

test('what counts is that `timeoutValue` is there, also when it is undefined or null', async (t) => {
  for (const timeoutValue of [undefined, null, false, 0]) {
    const outcome = await settled(withTimeout(5, forever, { timeoutValue }));
    t.false(outcome.rejected);
    t.is(outcome.value as unknown, timeoutValue);
  }
});

test('without a `timeoutValue` it rejects with the timeout', async (t) => {
  let scope: Timeout | undefined;
  const error = await timeoutFrom(
    t,
    withTimeout(REACHABLE, (given) => {
      scope = given;
      return forever();
    }),
  );
  t.is(error.scope, scope);
  t.is(error.timeout, REACHABLE);
  t.is((await timeoutFrom(t, withTimeout(5, forever, {}))).timeout, 5);
});

test('undefined, null and Infinity are no limit', async (t) => {
  for (const none of [undefined, null, Infinity]) {
    t.is(await withTimeout(none, async () => turn().then(() => 1), { timeoutValue: 2 }), 1);
  }
});

test('the timeout of another scope is no reason for `timeoutValue`', async (t) => {
  const outer = new Timeout(10);
  const outcome = outer.run(() => withTimeout(60_000, forever, { timeoutValue: 'instead' }));
  t.is((await timeoutFrom(t, outcome)).scope, outer);

  const other = await timeoutFrom(t, run(forever, 1));
  const { error } = await settled(
    withTimeout(60_000, () => Promise.reject(other), { timeoutValue: 'instead' }),
  );
  t.is(error, other);
});

test('errors of the work pass through', async (t) => {
  const failure = new Error('of the work');
  for (const options of [undefined, { timeoutValue: 1 }]) {
    const { error } = await settled(withTimeout(60_000, () => Promise.reject(failure), options));
    t.is(error, failure);
  }
});

test('the work is not given `timeoutValue`, but its scope alone', async (t) => {
  let given: unknown[] = [];
  await withTimeout(
    60_000,
    (...args: unknown[]) => {
      given = args;
    },
    { timeoutValue: 1 },
  );
  t.is(given.length, 1);
  t.true(given[0] instanceof Timeout);
});

test('the other options of `run` are honoured', async (t) => {
  let told: unknown;
  const mine = new Error('mine');
  const { error } = await settled(
    withTimeout(5, forever, { error: mine, name: 'upload', onTimeout: (e) => (told = e) }),
  );
  t.is(error, mine);
  t.true(isTimeoutError(told));
  t.regex((told as TimeoutError).message, /upload/);
  const outside = new AbortController();
  const aborted = settled(
    withTimeout(60_000, forever, { signal: outside.signal, timeoutValue: 1 }),
  );
  outside.abort(mine);
  t.is((await aborted).error, mine);
});

test('a bad limit or option rejects, and nothing is started', async (t) => {
  let started = 0;
  const start = (): void => {
    started++;
  };
  for (const promise of [
    withTimeout(-1, start),
    withTimeout(NaN, start),
    withTimeout('5' as never, start),
    withTimeout(5, start, { grace: -1 }),
    withTimeout(5, start, { deadline: 5 } as never),
    withTimeout(5, 'no function' as never),
  ]) {
    await t.throwsAsync(promise, { instanceOf: InvalidOptionError });
  }
  t.is(started, 0);
});

test('the stack of the timeout is that of the call', async (t) => {
  function callsWithTimeout(): Promise<unknown> {
    return withTimeout(5, forever);
  }
  const error = await timeoutFrom(t, callsWithTimeout());
  t.regex(error.stack ?? '', /callsWithTimeout/);
});

test('options count wherever an object has them; what is no object is refused', async (t) => {
  const options = Object.create({ timeoutValue: 'value', name: 'label' }) as {
    timeoutValue: string;
  };
  t.is(await withTimeout(5, forever, options), 'value');
  const error = new Error('mine');
  await t.throwsAsync(withTimeout(5, forever, Object.create({ error }) as object), { is: error });
  for (const bad of [null, 5, 'x'] as never[]) {
    await t.throwsAsync(withTimeout(5, forever, bad), { code: 'ERR_HARDSTOP_INVALID_OPTION' });
  }
});

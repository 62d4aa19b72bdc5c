import anyTest from 'ava';
import { NotTransferableError, timeoutable, TimeoutError } from 'hardstop';
import * as wrapped from '../fixtures/isolation/wrapped.js';
import { timeoutOf } from '../harness/outcome.js';

// Limits strike here: one at a time.
const test = anyTest.serial;

/** Long enough for anything that is not meant to time out. */
const AMPLE = 60_000;

test('a function that stands alone is sent as it is', async (t) => {
  const pid = timeoutable(() => process.pid, { strategy: 'process', timeout: AMPLE });
  t.not(pid(), process.pid);
  const add = timeoutable(async (a: number, b: number) => Promise.resolve(a + b), {
    strategy: 'worker',
    timeout: AMPLE,
  });
  t.is(await add(1, 2), 3);
  t.is(add.length, 2);
});

test('one that uses its module is found there, by the place where it was wrapped', async (t) => {
  t.regex(wrapped.digest('text'), /^[0-9a-f]{40}$/);
  t.is(await wrapped.salted('text'), 'salttext');
  t.is(await wrapped.steps(2), 'salt2');
});

test('one that is no export is refused, and told why', (t) => {
  t.throws(() => wrapped.callHidden(), {
    instanceOf: NotTransferableError,
    message: /not an export/,
  });
});

test('a synchronous one is stopped at its deadline, and so is one with another limit', (t) => {
  const error = timeoutOf(t, () => wrapped.spinning());
  t.is(error.strategy, 'process');
  t.is(error.timeout, 50);
  t.is(timeoutOf(t, () => wrapped.spinning.within(60)()).timeout, 60);
});

test('large results, numbers like exit codes, and errors come back as they are', (t) => {
  const options = { strategy: 'process', timeout: AMPLE } as const;
  t.is(timeoutable(() => 'x'.repeat(1_000_000), options)().length, 1_000_000);
  t.is(timeoutable(() => -15, options)(), -15);
  const error = t.throws(
    timeoutable(() => {
      throw new RangeError('own', { cause: new TypeError('why') });
    }, options),
    { instanceOf: RangeError, message: 'own' },
  );
  t.true(error?.cause instanceof TypeError);
  t.false(error instanceof TimeoutError);
});

import test, { type ExecutionContext } from 'ava';
import { currentScope, run, runSync, Timeout, wait } from 'hardstop';
import { forever } from '../harness/async-work.js';
import { nativeTest } from '../harness/native-test.js';
import { loopForever, spinUntil } from '../harness/work.js';

// Whoever is told of a timeout is where the caller is: no longer inside the scope that has expired.

/** An asynchronous work that its limit ends, for each way that this can happen. */
type Work = (scope: Timeout) => unknown;

const LIMIT = 10;

async function assertToldOutside(t: ExecutionContext, work: Work, grace = 0): Promise<void> {
  const places: (Timeout | undefined)[] = [];
  const look = (): void => {
    places.push(currentScope());
    // Throws inside a scope that has expired.
    currentScope()?.checkpoint();
  };
  const options = {
    timeout: 60_000,
    grace,
    onTimeout: look,
    error: () => {
      look();
      return new Error('chosen');
    },
  };
  const withCleanup: Work = (scope) => {
    scope.defer(look);
    // Not before: a busy machine may need longer to get here.
    scope.reschedule(LIMIT);
    return work(scope);
  };
  await t.throwsAsync(run(work, { ...options, timeout: LIMIT }), { message: 'chosen' });
  await t.throwsAsync(run(withCleanup, options), { message: 'chosen' });
  t.deepEqual(places, Array<undefined>(5).fill(undefined));

  places.length = 0;
  const outer = new Timeout(60_000);
  await outer.run(async () => {
    await t.throwsAsync(run(withCleanup, options), { message: 'chosen' });
  });
  t.deepEqual(places, [outer, outer, outer]);
}

nativeTest('a first part that was interrupted is told of outside of its scope', (t) =>
  assertToldOutside(t, loopForever),
);

nativeTest('so is the first step of a coroutine', (t) =>
  assertToldOutside(t, function* () {
    loopForever();
  }),
);

nativeTest('so is a later step', (t) =>
  assertToldOutside(t, function* () {
    yield* wait(Promise.resolve());
    loopForever();
  }),
);

test('so is a first part that came to its end after its deadline', (t) =>
  assertToldOutside(t, (scope) => {
    spinUntil(scope.deadline);
  }));

test('so is one that has stopped at a checkpoint', (t) =>
  assertToldOutside(
    t,
    (scope) => {
      for (;;) scope.checkpoint();
    },
    60_000,
  ));

test('so is a promise that heard of it by its signal', (t) =>
  assertToldOutside(
    t,
    ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason);
        });
      }),
  ));

test('so is a coroutine that waits', (t) =>
  assertToldOutside(t, function* () {
    yield* wait(forever());
  }));

nativeTest('the same scope can be run again by who is told of its end', async (t) => {
  let again: Promise<unknown> | undefined;
  const scope: Timeout = new Timeout(LIMIT, {
    default: 'none',
    onTimeout: () => {
      again = scope.run(() => Promise.resolve(42));
      scope.cancel();
    },
  });
  t.is(await scope.run((): unknown => loopForever()), 'none');
  t.is(await again, 42);
  t.is(currentScope(), undefined);
});

nativeTest('what is told of an interrupted part has the limits of the scope on the stack', (t) => {
  const seen: (Timeout | undefined)[] = [];
  const outer = new Timeout(60_000);
  let ended: Promise<unknown> | undefined;
  outer.runSync(() => {
    ended = run(loopForever, {
      timeout: LIMIT,
      error: false,
      onTimeout: () => seen.push(currentScope()),
    });
    seen.push(currentScope());
  });
  t.deepEqual(seen, [outer, outer]);
  t.is(currentScope(), undefined);
  return ended as Promise<void>;
});

test('a first part that has thrown is cleaned up after outside of its scope', async (t) => {
  const places: unknown[] = [];
  await t.throwsAsync(
    run((scope) => {
      scope.defer(() => places.push(currentScope()));
      throw new RangeError('own');
    }, 60_000),
    { instanceOf: RangeError },
  );
  runSync(() => places.push(currentScope()?.timeout), 60_000);
  t.deepEqual(places, [undefined, 60_000]);
});

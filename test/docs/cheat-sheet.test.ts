import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import {
  currentScope,
  deadlineHeaders,
  isTimeoutError,
  run,
  scopeFromHeaders,
  Timeout,
  timeoutable,
  wait,
  withTimeout,
} from 'hardstop';
import { readPage, section } from './markdown.js';

// What docs/semantics.md says to write in place of other libraries' calls does what theirs do.

/** Enough for the work to come to where it waits. */
const LIMIT_MS = 300;
/** Long enough for any machine. */
const AMPLE_MS = 30_000;

const never = (): Promise<string> => new Promise(() => {});
/** Stops when it is told to, and only then. */
const listens = ({ signal }: Timeout): Promise<string> =>
  delay(AMPLE_MS, 'never', { signal, ref: false });

class MyError extends Error {}

test('the libraries that are tried here are those of the page', (t) => {
  const page = section(readPage('docs/semantics.md'), 'The same in other libraries');
  const named = Array.from(page.matchAll(/^\| \*\*(.+)\*\* \| \| \|$/gm), ([, name]) => name);
  const tried = ['gevent', 'stopit', 'asyncio.timeout', 'trio', 'p-timeout'];
  t.deepEqual(named, [...tried, 'AbortSignal.timeout', 'Go context']);
});

test('as with gevent', async (t) => {
  let finallys = 0;
  function* block(): Generator<unknown, void> {
    try {
      yield never();
    } finally {
      finallys++;
    }
  }
  t.true(isTimeoutError(await t.throwsAsync(run(block, LIMIT_MS))));
  t.is(await run(block, { timeout: LIMIT_MS, error: false }), undefined);
  await t.throwsAsync(run(block, { timeout: LIMIT_MS, error: MyError }), { instanceOf: MyError });
  t.is(finallys, 3);
  t.is(await withTimeout(LIMIT_MS, never, { timeoutValue: null }), null);

  await run(function* () {
    const timeout = Timeout.startNew(LIMIT_MS);
    try {
      yield* wait(never());
      t.fail();
    } catch (error) {
      t.true(isTimeoutError(error) && error.scope === timeout);
    }
    timeout.start().cancel();
    t.false(timeout.pending);
    yield delay(2 * LIMIT_MS);
    timeout.close();
  }, AMPLE_MS);
});

test('as with stopit', async (t) => {
  const limited = timeoutable(async (ms: number) => delay(ms, 'a value', { ref: false }), {
    timeout: AMPLE_MS,
    default: null,
  });
  t.is(await limited(1), 'a value');
  t.is(await limited.within(LIMIT_MS)(AMPLE_MS), null);
});

test('as with asyncio.timeout', async (t) => {
  await t.throwsAsync(run(listens, { deadline: performance.now() + LIMIT_MS }));

  const moved = new Timeout(LIMIT_MS);
  t.is(
    await moved.run(async (scope) => {
      scope.rescheduleAt(performance.now() + AMPLE_MS);
      t.true(scope.remaining() > LIMIT_MS);
      return delay(2 * LIMIT_MS, 'a value');
    }),
    'a value',
  );
  t.not(moved.state, 'timed_out');

  let isClean = false;
  const patient = new Timeout(LIMIT_MS, { grace: AMPLE_MS });
  const waitsForEnd = patient.run(async (scope) => {
    await listens(scope).catch(() => '');
    await delay(LIMIT_MS);
    isClean = true;
  });
  await t.throwsAsync(waitsForEnd);
  t.true(isClean);
  t.is(patient.state, 'timed_out');
});

test('as with trio', async (t) => {
  const silent = new Timeout(LIMIT_MS, { error: false });
  t.is<unknown, unknown>(await silent.run(listens), undefined);
  t.is(silent.state, 'timed_out');

  let cleanUp: Timeout | undefined;
  await t.throwsAsync(
    run(async (scope) => {
      const bounded = new Timeout(2 * LIMIT_MS, { error: false });
      await scope.shield(() => bounded.run(listens));
      cleanUp = bounded;
    }, LIMIT_MS),
  );
  t.is(cleanUp?.state, 'timed_out');

  await run(async () => {
    const around = currentScope()?.deadline;
    await run(() => {
      t.is(currentScope()?.deadline, around);
    }, 2 * AMPLE_MS);
  }, AMPLE_MS);
});

test('as with p-timeout', async (t) => {
  t.true(isTimeoutError(await t.throwsAsync(run(() => never(), LIMIT_MS))));
  t.is(await run(never, { timeout: LIMIT_MS, default: 'a value' }), 'a value');
  t.is(await run(never, { timeout: LIMIT_MS, error: false }), undefined);

  const scope = new Timeout(LIMIT_MS);
  const cleared = scope.run(() => delay(3 * LIMIT_MS, 'a value'));
  scope.cancel();
  t.is(await cleared, 'a value');
});

test('as with AbortSignal.timeout', async (t) => {
  t.true(isTimeoutError(await t.throwsAsync(run(listens, LIMIT_MS))));
  const controller = new AbortController();
  const byUser = run(listens, { timeout: AMPLE_MS, signal: controller.signal });
  controller.abort(new MyError('the user has gone'));
  await t.throwsAsync(byUser, { instanceOf: MyError });
});

test('as with a Go context', async (t) => {
  let reason: unknown;
  let isDeferred = false;
  const parent = new Timeout(LIMIT_MS);
  const thrown = await t.throwsAsync(
    parent.run((outer) => {
      outer.defer(() => {
        isDeferred = true;
      });
      return run((scope) => {
        scope.signal.addEventListener('abort', () => {
          ({ reason } = scope.signal);
        });
        return never();
      }, AMPLE_MS);
    }),
  );
  t.is(reason, thrown);
  t.true(isDeferred);
  t.true(isTimeoutError(thrown) && thrown.scope === parent);

  const sent = await run(() => deadlineHeaders(), AMPLE_MS);
  const received = scopeFromHeaders(sent, 2 * AMPLE_MS);
  t.true(received.timeout <= AMPLE_MS && received.timeout > 0);
});

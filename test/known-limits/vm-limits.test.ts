import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { runSync, StrategyUnavailableError, TimeoutError } from 'hardstop';

function spinFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

const vm = { timeout: 10, strategy: 'vm' } as const;

test('microtasks and ticks that the work has queued run after it, without its limit', async (t) => {
  const spent: Record<string, number> = {};
  const late = (name: string) => () => {
    const start = performance.now();
    spinFor(40);
    spent[name] = performance.now() - start;
  };
  runSync(
    () => {
      queueMicrotask(late('microtask'));
      process.nextTick(late('tick'));
      void Promise.resolve().then(late('promise'));
    },
    { ...vm, timeout: 60_000 },
  );
  await delay(1);
  for (const name of ['microtask', 'tick', 'promise']) t.true((spent[name] ?? 0) >= 40, name);
});

test('a native call is over before the work can be stopped', (t) => {
  const text = JSON.stringify(Array.from({ length: 400_000 }, (_, index) => ({ index })));
  const error = t.throws(() => runSync(() => JSON.parse(text) as unknown, { ...vm, timeout: 2 }), {
    instanceOf: TimeoutError,
  });
  t.true((error?.elapsed ?? 0) > 4);
});

test('fractions of a millisecond are rounded up', (t) => {
  const error = t.throws(
    () =>
      runSync(
        () => {
          for (;;);
        },
        { ...vm, timeout: 0.25 },
      ),
    { instanceOf: TimeoutError },
  );
  t.true((error?.elapsed ?? 0) >= 0.25);
});

test('where the work was stuck is not known', (t) => {
  const error = t.throws(
    () =>
      runSync(() => {
        for (;;);
      }, vm),
    { instanceOf: TimeoutError },
  );
  t.is(error?.cause, undefined);
});

test('a limit on CPU time is refused, not ignored', (t) => {
  t.throws(() => runSync(() => 1, { ...vm, cpuTimeout: 10 }), {
    instanceOf: StrategyUnavailableError,
  });
});

test('no catch and no finally of stopped code runs', (t) => {
  const ran: string[] = [];
  t.throws(
    () =>
      runSync(() => {
        try {
          for (;;);
        } catch {
          ran.push('catch');
        } finally {
          ran.push('finally');
        }
      }, vm),
    { instanceOf: TimeoutError },
  );
  t.deepEqual(ran, []);
});

import test, { type ExecutionContext } from 'ava';
import { runFixture } from '../harness/run-fixture.js';
import { strategies } from '../harness/strategies.js';

const HOUR_MS = 3_600_000;

/** Runs test/fixtures/native/repeat.ts: nothing may have grown after `count` turns of one kind. */
async function assertFlat(t: ExecutionContext, mode: string, count: number): Promise<void> {
  t.timeout(HOUR_MS);
  const child = await runFixture('native/repeat', {
    args: [mode, String(count)],
    nodeFlags: ['--expose-gc'],
    timeoutMs: HOUR_MS,
  });
  t.is(child.code, 0, child.stderr);
  const growth = JSON.parse(child.stdout) as Record<string, number>;
  t.log(growth);
  t.like(growth, { threads: 0, descriptors: 0, handles: 0 });
  t.true((growth['heapUsed'] ?? NaN) < 2e6, child.stdout);
  t.true((growth['rss'] ?? NaN) < 64e6, child.stdout);
}

const native = strategies().includes('native');

test('10,000,000 runs in time leave memory, threads, handles and descriptors as they were', (t) =>
  assertFlat(t, 'in-time', native ? 10_000_000 : 50_000));

test('100,000 timeouts leave memory, threads, handles and descriptors as they were', (t) =>
  assertFlat(t, 'timeouts', native ? 100_000 : 5_000));

test('2,000,000 runs that throw leave nothing behind', (t) =>
  assertFlat(t, 'throws', native ? 2_000_000 : 50_000));

test('2,000,000 nested runs leave nothing behind', (t) =>
  assertFlat(t, 'nested', native ? 2_000_000 : 50_000));

(native ? test : test.skip)(
  '2,000,000 scopes with cleanup and rescheduling leave nothing behind',
  (t) => assertFlat(t, 'scopes', 2_000_000),
);

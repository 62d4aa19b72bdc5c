import test from 'ava';
import { runFixture, type FixtureResult } from '../harness/run-fixture.js';
import { strategies } from '../harness/strategies.js';

const HOUR_MS = 3_600_000;
const [strategy = 'vm'] = strategies();

function reportOf(child: FixtureResult): Record<string, number> {
  return JSON.parse(child.stdout) as Record<string, number>;
}

for (const [mode, code] of [
  ['exit', 5],
  ['terminate', 1],
] as const) {
  test(`2,000 workers end by ${mode} at the deadline of their scopes`, async (t) => {
    t.timeout(HOUR_MS);
    const child = await runFixture('native/exit-races', {
      args: [mode, strategy, '2000'],
      timeoutMs: HOUR_MS,
    });
    t.is(child.code, 0, child.stderr);
    t.deepEqual(reportOf(child), { [code]: 2000 });
  });
}

test('5,000 workers come and go and leave no thread and no descriptor', async (t) => {
  t.timeout(HOUR_MS);
  const child = await runFixture('native/many-workers', {
    args: ['5000', strategy],
    timeoutMs: HOUR_MS,
  });
  t.is(child.code, 0, child.stderr);
  t.like(reportOf(child), { ended: 5000, threads: 0, descriptors: 0 });
});

test('20,000 stops in 4 workers at once: none early, none of the wrong scope', async (t) => {
  t.timeout(HOUR_MS);
  const child = await runFixture('native/many-deadlines', {
    args: ['4', '5000'],
    timeoutMs: HOUR_MS,
  });
  t.is(child.code, 0, child.stderr);
  t.like(reportOf(child), { stops: 20_000, early: 0, wrong: 0 });
});

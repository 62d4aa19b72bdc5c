import test, { type ExecutionContext } from 'ava';
import { runFixture } from '../harness/run-fixture.js';
import { repetitions } from '../harness/repetitions.js';
import { strategies } from '../harness/strategies.js';

interface Report {
  readonly calls: number;
  readonly values: number;
  readonly timeouts: number;
  /** Outcomes that the clock contradicts. */
  readonly wrong: number;
  /** Times that code behind a call was not run to its end. */
  readonly strays: number;
}

/** Each call's work ends within 20 us of its deadline; see the fixture. In a child, because a stray one ends a process. */
async function race(t: ExecutionContext, args: readonly string[], calls: number): Promise<void> {
  const child = await runFixture('semantics/race', { args, timeoutMs: 240_000 });
  t.false(child.timedOut, 'the child hung');
  t.is(child.code, 0, `${String(child.signal)} ${child.stderr}`);
  const report = JSON.parse(child.stdout) as Report;
  t.is(report.calls, calls);
  t.is(report.values + report.timeouts, calls);
  t.is(report.wrong, 0);
  t.is(report.strays, 0);
  // Both sides of the race were seen.
  t.true(report.values > calls / 100 && report.timeouts > calls / 100, child.stdout);
}

for (const strategy of strategies()) {
  const calls = repetitions(strategy === 'native' ? 200_000 : 2_000);

  test(`of ${calls} calls that end with their deadline each has one outcome, and nothing is stopped behind them [${strategy}]`, async (t) => {
    t.timeout(300_000);
    await race(t, [strategy, String(calls), '0'], calls);
  });

  const each = Math.ceil(calls / 8);
  test(`the same with ${each} calls in each of 4 threads at once [${strategy}]`, async (t) => {
    t.timeout(300_000);
    await race(t, [strategy, String(each), '4'], 4 * each);
  });
}

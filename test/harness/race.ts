import type { ExecutionContext } from 'ava';
import { runFixture } from './run-fixture.js';
import type { InThreadStrategy } from './strategies.js';

interface Report {
  readonly calls: number;
  readonly values: number;
  readonly timeouts: number;
  /** Outcomes that the clock contradicts. */
  readonly wrong: number;
  /** Times that code behind a call was not run to its end. */
  readonly strays: number;
}

/**
 * Makes calls whose work ends within 20 us of its deadline, and asserts that each has one outcome, by the clock, and that
 * nothing behind a call is ever interrupted. In a child process, because a stray interrupt can end one.
 *
 * @param calls - in each thread.
 * @param threads - worker threads at once; 0: the main thread alone.
 */
export async function race(
  t: ExecutionContext,
  strategy: InThreadStrategy,
  calls: number,
  threads: number,
): Promise<void> {
  const args = [strategy, String(calls), String(threads)];
  const timeoutMs = 60_000 + calls * Math.max(1, threads) * (strategy === 'vm' ? 10 : 1);
  t.timeout(timeoutMs + 10_000);
  const child = await runFixture('semantics/race', { args, timeoutMs });
  t.false(child.timedOut, 'the child hung');
  t.is(child.code, 0, `${String(child.signal)} ${child.stderr}`);
  const report = JSON.parse(child.stdout) as Report;
  t.log(child.stdout.trim());
  const total = calls * Math.max(1, threads);
  t.is(report.calls, total);
  t.is(report.values + report.timeouts, total);
  t.is(report.wrong, 0);
  t.is(report.strays, 0);
  // Both sides of the race were seen.
  t.true(report.values > total / 100 && report.timeouts > total / 100);
}

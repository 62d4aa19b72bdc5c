import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Report } from '#internal/cli/bench/report.js';
import { summarize } from '#internal/cli/bench/distribution.js';
import { formatReport } from '#internal/cli/bench/format-report.js';
import { fallbackTest, serialNativeTest } from '../harness/native-test.js';
import { runCli } from './run-cli.js';

const CONTENDERS = [
  'native',
  'native, checkpoint',
  'vm',
  'worker, blocking',
  'worker (interrupt)',
  'worker (terminate)',
  'process',
  'node:vm',
  'function-timeout',
  'piscina',
  'tinypool',
  'workerpool',
];
const ITERATIONS = 3;
/** Each contender has a process of its own that warms up: a busy machine needs a minute for all of them. */
const ENOUGH_MS = 150_000;

serialNativeTest(
  'a bench measures every contender, prints a table and writes its samples',
  async (t) => {
    t.timeout(2 * ENOUGH_MS);
    const folder = mkdtempSync(join(tmpdir(), 'hardstop-bench-'));
    t.teardown(() => {
      rmSync(folder, { recursive: true });
    });
    const file = join(folder, 'report.json');
    const args = ['--iterations', String(ITERATIONS), '--timeout', '2', '--json', file];
    const { code, stdout, stderr } = await runCli(['bench', ...args], {}, ENOUGH_MS);
    t.is(code, 0, stderr);

    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    t.like(report, { schema: 2, iterations: ITERATIONS, timeoutMs: 2 });
    t.is(report.machine.node, process.versions.node);
    t.deepEqual(
      report.rows.map(({ contender }) => contender),
      CONTENDERS,
    );
    for (const { contender, foreign, stoppedUs, caughtUs, costUs, unavailable } of report.rows) {
      t.is(unavailable, undefined, contender);
      t.is(caughtUs?.samples.length, ITERATIONS, contender);
      t.true((costUs?.p50 ?? -1) > 0, contender);
      // Node's own errors do not tell it, and its timer strikes up to half a millisecond early.
      t.is(stoppedUs?.samples.length, foreign ? undefined : ITERATIONS, contender);
      if (foreign) continue;
      t.true((stoppedUs?.min ?? -1) >= 0, `${contender} is never early`);
      caughtUs?.samples.forEach((caught, i) => {
        t.true(
          caught >= (stoppedUs?.samples[i] ?? Infinity),
          `${contender} is caught when stopped`,
        );
      });
    }
    t.is(report.rows.at(-1)?.version?.split('.').length, 3);
    for (const contender of CONTENDERS) t.true(stdout.includes(`\n${contender} `), contender);
    t.is(stdout, formatReport(report));
  },
);

fallbackTest('a strategy that is not there is shown with its reason', async (t) => {
  t.timeout(2 * ENOUGH_MS);
  const args = ['bench', '--iterations', '1', '--timeout', '1'];
  const { code, stdout } = await runCli(args, {}, ENOUGH_MS);
  t.is(code, 0);
  t.regex(stdout, /^native +- +-/m);
  t.regex(stdout, /^native: .*; not measured: .+/m);
  t.regex(stdout, /^node:vm(?: +-){4} +-?\d/m);
});

test('a percentile is the smallest sample that so many percent do not exceed', (t) => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  t.deepEqual(summarize(samples), { count: 100, min: 1, p50: 50, p90: 90, p99: 99, max: 100 });
  t.deepEqual(summarize([7]), { count: 1, min: 7, p50: 7, p90: 7, p99: 7, max: 7 });
});

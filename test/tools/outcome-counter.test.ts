import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { packageRoot } from '../harness/package-root.js';

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Counter {
  read(line: string): string | undefined;
  totals(succeeded: boolean): Totals;
}

const { OutcomeCounter } = (await import(
  pathToFileURL(join(packageRoot, 'scripts/test/ava.js')).href
)) as { OutcomeCounter: new () => Counter };

const macro = test.macro((t, report: string, succeeded: boolean, expected: Totals) => {
  const counter = new OutcomeCounter();
  for (const line of report.split('\n')) counter.read(line);
  t.deepEqual(counter.totals(succeeded), expected);
});

test(
  'tests that pass, are known to fail or are skipped are counted',
  macro,
  `
  ✔ core › clock › never runs backwards (120ms)
  ✔ [expected fail] core › clock › a known limit
  - [skip] core › clock › only on Windows
  ─

  1 test passed
  1 known failure
  1 test skipped
`,
  true,
  { passed: 2, failed: 0, skipped: 1 },
);

test(
  'a test that fails is a failure',
  macro,
  `
  ✔ clock › a
  ✘ [fail]: clock › b Error thrown in test
`,
  false,
  { passed: 1, failed: 1, skipped: 0 },
);

test(
  'a file that crashes is a failure',
  macro,
  `
  ✔ clock › a
  ✘ crash.test.js exited due to SIGSEGV
`,
  false,
  { passed: 1, failed: 1, skipped: 0 },
);

test(
  'a file that hangs is a failure',
  macro,
  '\n  ✘ Timed out while running tests\n\n  2 tests were pending in hang.test.js',
  false,
  { passed: 0, failed: 1, skipped: 0 },
);

test('a run that ends badly without a word is a failure', macro, '  ✔ clock › a', false, {
  passed: 1,
  failed: 1,
  skipped: 0,
});

test('a run of no tests is a failure', macro, '', true, { passed: 0, failed: 1, skipped: 0 });

test('a report that was cut off is a failure', macro, '  ✔ clock › a\n\n  2 tests passed', true, {
  passed: 1,
  failed: 1,
  skipped: 0,
});

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../harness/package-root.js';

interface Violation {
  readonly rule: string;
  readonly from: string;
}

test('the sources keep the import direction', async (t) => {
  t.deepEqual(await violations(packageRoot), []);
});

test('an import that goes the wrong way is refused', async (t) => {
  const found = await violations(join(packageRoot, 'test/pack/fixtures/wrong-imports'));
  const rulesOf = (file: string): string[] =>
    found.filter(({ from }) => from === `src/${file}`).map(({ rule }) => rule);

  t.deepEqual(rulesOf('core/imports-upward.ts'), ['core-imports-down-only']);
  t.deepEqual(rulesOf('errors/not-a-leaf.ts'), ['errors-imports-down-only']);
  t.true(rulesOf('strategy/second-loader.ts').includes('one-loader'));
  t.deepEqual(rulesOf('native/cycle-a.ts'), ['no-cycles']);
  t.deepEqual(rulesOf('api/entry.ts'), []);
});

/** What the linter has to say about the src/ of a folder. */
function violations(folder: string): Promise<Violation[]> {
  const cruiser = join(packageRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(packageRoot, '.dependency-cruiser.cjs');
  const args = [cruiser, '--config', config, '--output-type', 'json', 'src'];
  return new Promise((resolve, reject) => {
    // Its exit code is the number of violations; the report is on stdout either way.
    const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      try {
        resolve(violationsIn(stdout));
      } catch {
        reject(new Error(`no report: ${stderr}`, { cause: error }));
      }
    });
  });
}

function violationsIn(report: string): Violation[] {
  const { summary } = JSON.parse(report) as {
    summary: { violations: { rule: { name: string }; from: string }[] };
  };
  return summary.violations.map(({ rule, from }) => ({ rule: rule.name, from }));
}

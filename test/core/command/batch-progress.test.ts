// The progress line of `runCommands`, through a pseudo-terminal that Python makes.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../harness/package-root.js';
import { runSource } from '../../harness/run-fixture.js';

const TERMINAL = join(packageRoot, 'test/fixtures/cli/terminal.py');
const hasPython =
  spawnSync('python3', ['-c', 'import pty; import os; os.waitstatus_to_exitcode']).status === 0;
if (!hasPython) console.log('- [skip] progress line: needs python3 from 3.9 on');
const terminalTest = hasPython ? test : test.skip;

const PROGRAM = `
  import { runCommands } from 'hardstop';
  const list = [{ file: 'true' }, { file: 'false' }, { file: 'true' }];
  for await (const _ of runCommands(list, { concurrency: 1, progress: true }));
  process.stderr.write('after');`;

/** What a terminal of so many columns is sent. */
function shownIn(columns: number): string {
  const node = [process.execPath, '--input-type=module', '--eval', PROGRAM];
  const script = `stty cols ${String(columns)}; exec "$@"`;
  const { stdout, stderr } = spawnSync(
    'python3',
    [TERMINAL, '[]', 'sh', '-c', script, 'sh', ...node],
    { cwd: packageRoot, encoding: 'utf8' },
  );
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { readonly shown: string }).shown;
}

/** The texts that were drawn over each other. */
const linesOf = (shown: string): readonly string[] => shown.split('\r\u001B[K');

terminalTest('`progress` draws one line in a terminal, over itself, and clears it', (t) => {
  const lines = linesOf(shownIn(80));
  t.is(lines[0], '');
  t.deepEqual(lines.slice(-2), ['3 ended, 1 failed, 0 running', 'after']);
  t.true(lines.includes('0 ended, 1 running'));
});

terminalTest('the line is no longer than the terminal is wide', (t) => {
  const lines = linesOf(shownIn(12));
  t.true(lines.length > 4);
  for (const line of lines) t.true(line.length < 12, line);
  t.true(lines.includes('0 ended, 1 '));
});

test('nothing is drawn where standard error is no terminal', async (t) => {
  const child = await runSource(PROGRAM);
  t.is(child.stderr, 'after');
});

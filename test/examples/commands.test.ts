import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { runCommand } from 'hardstop';
import { onLinux } from '../harness/command-test.js';
import { packageRoot } from '../harness/package-root.js';

/** What each example prints, whole: the examples are documentation, and this is what it claims. */
const outputs: ReadonlyMap<string, readonly string[]> = new Map([
  ['blocking', ['undefined']],
  ['lines', ['progress: 10 %', 'progress: 20 %', 'stuck for 1000 ms']],
  ['parallel', ['too slow: 100']],
  [
    'run',
    ['hello', 'timed out; printed "begun\\n"; ended by the soft signal', 'exit 3 no such luck'],
  ],
  ['wait-again', ['answer: all of the input', 'exit code 0']],
]);

const folder = join(packageRoot, 'build/examples/commands');

test('every example of commands is run', (t) => {
  const examples = readdirSync(folder).filter((file) => file.endsWith('.js'));
  t.deepEqual(examples.map((file) => file.replace(/\.js$/, '')).sort(), [...outputs.keys()]);
});

for (const [name, lines] of outputs) {
  onLinux(`examples/commands/${name}.ts prints what it claims`, async (t) => {
    const runExample = (): Promise<{ readonly stdout: string }> =>
      runCommand(process.execPath, [join(folder, `${name}.js`)], {
        cwd: packageRoot,
        mergeStderr: true,
        timeout: 60_000,
      });
    // They have limits as a reader would set them: a crowded machine may not let them have their way at once.
    const expected = `${lines.join('\n')}\n`;
    let { stdout } = await runExample();
    for (let again = 0; stdout !== expected && again < 4; again++)
      ({ stdout } = await runExample());
    t.deepEqual(stdout.trimEnd().split('\n'), [...lines]);
  });
}

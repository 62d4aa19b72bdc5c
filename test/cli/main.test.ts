import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../harness/package-root.js';
import { runCli } from './run-cli.js';

test('--help lists the commands that there are', async (t) => {
  for (const args of [['--help'], ['-h'], ['help'], ['doctor', '--help'], ['bench', '-h']]) {
    const { code, stdout, stderr } = await runCli(args);
    t.is(code, 0);
    t.is(stderr, '');
    t.regex(stdout, /^Usage: hardstop COMMAND/);
    t.regex(stdout, /^ {2}doctor {2,}/m);
    t.regex(stdout, /^ {2}bench {2,}/m);
    t.regex(stdout, /^ {2}run {2,}/m);
  }
});

test('--version prints the version of the package', async (t) => {
  const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  for (const flag of ['--version', '-V']) {
    const { code, stdout } = await runCli([flag]);
    t.is(code, 0);
    t.is(stdout, `${manifest.version}\n`);
  }
});

const badCommandLine = test.macro({
  exec: async (t, args: readonly string[], message: RegExp) => {
    const { code, stdout, stderr } = await runCli(args);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, message);
    t.regex(stderr, /^Try 'hardstop --help'\.$/m);
    t.notRegex(stderr, /^\s+at /m, 'no stack for a typing error');
  },
  title: (_, args: readonly string[]) => `not understood: hardstop ${args.join(' ')}`,
});

test(badCommandLine, [], /no command given/);
test(badCommandLine, ['start', '1', 'true'], /unknown command 'start'/);
test(badCommandLine, ['--frobnicate'], /unknown option '--frobnicate'/);
test(badCommandLine, ['start', '--help'], /unknown command 'start'/);
test(badCommandLine, ['doctor', '--xml'], /'--xml'/);
test(badCommandLine, ['doctor', 'me'], /'me'/);
test(badCommandLine, ['bench', '--iterations', '0'], /--iterations must be a whole number from 1/);
test(badCommandLine, ['bench', '--timeout', '2.5'], /--timeout must be a whole number from 1/);
test(badCommandLine, ['bench', '--timeout'], /--timeout/);
test(badCommandLine, ['bench', '--json='], /--json needs the name of a file/);

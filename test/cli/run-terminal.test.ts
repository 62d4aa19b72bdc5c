// `hardstop run` in a terminal, beside the machine's own `timeout`: through a pseudo-terminal that Python makes.
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { strategies } from '../harness/strategies.js';
import { packageRoot } from '../harness/package-root.js';
import { coreutils, hardstop, timeout, type Program } from './beside-coreutils.js';

interface Transcript {
  readonly shown: string;
  /** Negative: a signal. */
  readonly code: number;
}

/** What to wait for, and what to type then. */
type Stroke = readonly [string, string];

const TERMINAL = join(packageRoot, 'test/fixtures/cli/terminal.py');
const CTRL_C = '\u0003';
const CTRL_BACKSLASH = '\u001c';

const hasPython =
  spawnSync('python3', ['-c', 'import pty; import os; os.waitstatus_to_exitcode']).status === 0;
const isReady = hasPython && coreutils !== undefined;
if (!isReady) console.log('- [skip] terminal: needs python3 from 3.9 on, and coreutils');
const terminalTest = isReady ? test.serial : test.serial.skip;
// Without the addon a command has a session of its own, and no terminal.
const nativeTerminalTest =
  isReady && strategies().includes('native') ? test.serial : test.serial.skip;

async function type(strokes: readonly Stroke[], command: readonly string[]): Promise<Transcript> {
  const args = [TERMINAL, JSON.stringify(strokes), ...command];
  const env = { ...process.env, LC_ALL: 'C' };
  const { stdout } = await promisify(execFile)('python3', args, { env });
  return JSON.parse(stdout) as Transcript;
}

const same = test.macro({
  exec: async (t, strokes: readonly Stroke[], args: readonly string[]) => {
    const ours = await type(strokes, [...hardstop, ...args]);
    t.deepEqual(ours, await type(strokes, [...timeout, ...args]));
  },
  title: (_, strokes: readonly Stroke[], args: readonly string[]) =>
    `at a prompt, ${JSON.stringify(strokes)}: ${args.join(' ')}`,
});

/** The same from a script: not from a prompt, so it is in no foreground group unless it stays in the script's. */
const sameInScript = test.macro({
  exec: async (t, strokes: readonly Stroke[], args: string) => {
    const script = (program: Program): string => `${program.join(' ')} ${args}; echo status $?`;
    const ours = await type(strokes, ['sh', '-c', script(hardstop)]);
    t.deepEqual(ours, await type(strokes, ['sh', '-c', script(timeout)]));
  },
  title: (_, strokes: readonly Stroke[], args: string) =>
    `in a script, ${JSON.stringify(strokes)}: ${args}`,
});

const READY = 'echo ready; exec sleep 60';

terminalTest(same, [['ready', CTRL_C]], ['60', 'sh', '-c', READY]);
terminalTest(same, [['ready', CTRL_BACKSLASH]], ['60', 'sh', '-c', READY]);
terminalTest(
  same,
  [['ready', CTRL_C]],
  ['-f', '60', 'sh', '-c', READY].map((text) => text.replace('-f', '--foreground')),
);
terminalTest(
  same,
  [['ready', CTRL_C]],
  [
    '60',
    'sh',
    '-c',
    `trap "trap '' INT; echo caught; exit 5" INT; sleep 5 >/dev/null 2>&1 & echo ready; wait`,
  ],
);
nativeTerminalTest(
  same,
  [['ready', 'hello\n']],
  ['60', 'sh', '-c', 'echo ready; read word </dev/tty; echo "got $word"'],
);
nativeTerminalTest(same, [], ['60', 'stty', '-echo']);

nativeTerminalTest(
  sameInScript,
  [['ready', 'hello\n']],
  `--foreground 60 sh -c 'echo ready; read word </dev/tty; echo "got $word"'`,
);
nativeTerminalTest(sameInScript, [], `--foreground 60 stty -echo; stty -a | grep -o ' -echo '`);
// A group in the background may not read: it is stopped by that, and ended in time all the same.
nativeTerminalTest(sameInScript, [], `1 sh -c 'read word </dev/tty; echo "got $word"'`);
nativeTerminalTest(sameInScript, [], `1 sh -c 'cat </dev/tty' & wait $!`);

terminalTest('Ctrl-C ends the whole tree', async (t) => {
  // A length that nobody else sleeps.
  const seconds = `61.${String(process.pid)}`;
  const script = `setsid sh -c 'trap "" TERM INT HUP; exec sleep ${seconds}' & echo ready; exec sleep 60`;
  const { shown, code } = await type([['ready', CTRL_C]], [...hardstop, '60', 'sh', '-c', script]);
  t.is(code, -2);
  t.true(shown.startsWith('ready'));
  const { stdout } = spawnSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' });
  t.false(stdout.split('\n').includes(`sleep ${seconds}`));
});

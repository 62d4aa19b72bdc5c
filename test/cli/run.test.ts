// `hardstop run` beside the machine's own `timeout`: the same command lines, and all that can be seen of them the same.
import test from 'ava';
import { strategies } from '../harness/strategies.js';
import { asTimeout, coreutils, hardstop, runBoth, start, timeout } from './beside-coreutils.js';

/** What it compares with is GNU's, of a version that has what is compared. */
const besideTest = coreutils === undefined ? test.serial.skip : test.serial;
const nativeTest = strategies().includes('native') ? besideTest : test.serial.skip;

const same = test.macro({
  exec: async (t, args: readonly string[]) => {
    const { ours, theirs } = await runBoth(args);
    t.deepEqual(ours, theirs);
  },
  title: (_, args: readonly string[]) =>
    `as timeout ${args.map((text) => JSON.stringify(text)).join(' ')}`,
});

const IGNORING = 'trap "" TERM; while :; do sleep .05; done';

// Statuses.
besideTest(same, ['60', 'true']);
besideTest(same, ['60', 'false']);
besideTest(same, ['60', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
besideTest(same, ['0', 'true']);
besideTest(same, ['1d', 'true']);
besideTest(same, ['.2', 'sleep', '60']);
besideTest(same, ['--preserve-status', '.2', 'sleep', '60']);
besideTest(same, ['--preserve-status', '1', 'sh', '-c', 'trap "exit 3" TERM; sleep 60 & wait']);
besideTest(same, ['1', 'sh', '-c', 'trap "exit 3" TERM; sleep 60 & wait']);
besideTest(same, ['-s', 'KILL', '.2', 'sleep', '60']);
besideTest(same, ['--preserve-status', '-s', 'KILL', '.2', 'sleep', '60']);
besideTest(same, ['--foreground', '-s', 'KILL', '.2', 'sleep', '60']);
besideTest(same, ['-k', '.2', '1', 'sh', '-c', IGNORING]);
besideTest(same, ['--foreground', '-k', '.2', '1', 'sh', '-c', IGNORING]);
besideTest(same, ['--preserve-status', '--foreground', '-k', '.2', '1', 'sh', '-c', IGNORING]);
besideTest(same, ['-k', '60', '.2', 'sleep', '60']);
besideTest(same, ['-s', 'INT', '.2', 'sleep', '60']);
besideTest(same, ['-s', 'USR1', '.2', 'sleep', '60']);
besideTest(same, ['-s', 'ALRM', '.2', 'sleep', '60']);
besideTest(same, ['-s', 'RTMIN', '.2', 'sleep', '60']);
// Node has no word for what has ended the command then.
nativeTest(same, ['-s', 'RTMAX-1', '--preserve-status', '.2', 'sleep', '60']);
besideTest(same, ['--foreground', '-s', 'HUP', '--preserve-status', '.2', 'sleep', '60']);

// Commands that a signal ends without anybody's doing.
for (const signal of [
  'TERM',
  'INT',
  'QUIT',
  'KILL',
  'HUP',
  'ABRT',
  'SEGV',
  'PIPE',
  'USR1',
  'ALRM',
]) {
  besideTest(same, ['60', 'sh', '-c', `kill -${signal} $$`]);
}

// Commands that cannot be started.
besideTest(same, ['60', 'no-such-command']);
besideTest(same, ['60', './no/such/command']);
besideTest(same, ['60', '.']);
besideTest(same, ['60', '/etc/passwd']);
besideTest(same, ['60', '/etc/passwd/below']);
besideTest(same, ['60', '']);
besideTest(same, ['60', "it's\n\\ here"]);

// Options, as getopt_long reads them.
besideTest(same, []);
besideTest(same, ['60']);
besideTest(same, ['--', '60']);
besideTest(same, ['--', '60', 'true']);
besideTest(same, ['60', '--', 'true']);
besideTest(same, ['-vs', 'TERM', '60', 'true']);
besideTest(same, ['-vsTERM', '-k5', '60', 'echo', '-v', '--signal=KILL']);
besideTest(same, ['--signal=TERM', '--kill', '5', '--pres', '--fore', '60', 'true']);
besideTest(same, ['--signal', 'TERM', '60', 'true']);
besideTest(same, ['--ver', '60', 'true']);
besideTest(same, ['--frobnicate', '60', 'true']);
besideTest(same, ['--frobnicate=1', '60', 'true']);
besideTest(same, ['--verbose=yes', '60', 'true']);
besideTest(same, ['--signal']);
besideTest(same, ['-s']);
besideTest(same, ['-x', '60', 'true']);
besideTest(same, ['-vx', '60', 'true']);
besideTest(same, ['-1', 'true']);
besideTest(same, ['--', '-1', 'true']);
besideTest(same, ['-k', 'soon', '-x', '60', 'true']);
besideTest(same, ['-k', '1D', '60', 'true']);
besideTest(same, ['-s', 'NONE', '60', 'true']);
besideTest(same, ['-s', '', '60', 'true']);
besideTest(same, ['-s', '65', '60', 'true']);
besideTest(same, ['-s', 'SIGTERM', '60', 'true']);
besideTest(same, ['-s', 'sigterm', '60', 'true']);
besideTest(same, ['-s', 'SIGSIGTERM', '60', 'true']);
besideTest(same, ['soon', 'true']);
besideTest(same, ['', 'true']);
besideTest(same, ['1', 'sh', '-c', 'exit 0', '--', '--help']);

// What it says.
besideTest(same, ['-v', '.2', 'sleep', '60']);
besideTest(same, ['-v', '-s', 'HUP', '.2', 'sleep', '60']);
besideTest(same, ['-v', '-s', '9', '.2', 'sleep', '60']);
besideTest(same, ['-v', '-s', 'RTMIN+3', '.2', 'sleep', '60']);
besideTest(same, ['-v', '-s', 'RTMAX-3', '.2', 'sleep', '60']);
besideTest(same, ['-v', '-s', 'IOT', '.2', 'sleep', '60']);
besideTest(same, ['-v', '--foreground', '-s', 'KILL', '.2', 'sleep', '60']);
besideTest(same, ['-v', '-k', '.2', '1', 'sh', '-c', IGNORING]);

test('messages have the quotes of the language', async (t) => {
  const { ours, theirs } = await runBoth(['60', 'no-such-command'], { LC_ALL: 'C.UTF-8' });
  if (coreutils !== undefined) t.deepEqual(ours, theirs);
  t.regex(ours.stderr, /\u2018no-such-command\u2019/);
});

besideTest(
  '-f and -p are short for --foreground and --preserve-status, as POSIX has them',
  async (t) => {
    const args = ['-s', 'HUP', '.2', 'sleep', '60'];
    const ours = await start(hardstop, ['-vfp', ...args]).ended;
    const long = ['-v', '--foreground', '--preserve-status'];
    t.deepEqual(asTimeout(ours), await start(timeout, [...long, ...args]).ended);
  },
);

test('--help and --version are for the options that come before them', async (t) => {
  for (const [args, code, pattern] of [
    [['--help', '--frobnicate'], 0, /^Usage: hardstop run \[OPTION\]\.\.\. DURATION COMMAND/],
    [['-v', '--version'], 0, /^\d+\.\d+\.\d+\n$/],
    [['--frobnicate', '--help'], 125, /^$/],
  ] as const) {
    const ended = await start(hardstop, args).ended;
    t.is(ended.code, code);
    t.regex(ended.stdout, pattern);
  }
});

test('what is not understood starts nothing and names the option', async (t) => {
  for (const [args, pattern] of [
    [['--idle', 'soon', '60', 'echo'], /^hardstop: invalid time interval 'soon'$/m],
    [['--json=', '60', 'echo'], /^hardstop: option '--json' needs the name of a file$/m],
    [['--tree=yes', '60', 'echo'], /^hardstop: option '--tree' doesn't allow an argument$/m],
    [['--no', 'x', 'echo'], /^hardstop: invalid time interval 'x'$/m],
  ] as const) {
    const ended = await start(hardstop, args).ended;
    t.like(ended, { code: 125, stdout: '' });
    t.regex(ended.stderr, pattern);
    t.regex(ended.stderr, /^Try 'hardstop run --help' for more information\.$/m);
  }
});

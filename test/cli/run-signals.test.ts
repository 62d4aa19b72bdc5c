// Signals that `hardstop run` is sent: what it makes of them, beside the machine's own `timeout`.
import { constants } from 'node:os';
import test from 'ava';
import { nativeTestOn } from '../harness/native-test.js';
import { waitForCondition } from '../harness/wait-for.js';
import {
  asTimeout,
  coreutils,
  hardstop,
  start,
  timeout,
  type Program,
} from './beside-coreutils.js';
import { findChildren, hasProc, ignores, statusField } from './processes.js';

const posixTest = process.platform === 'win32' ? test.serial.skip : test.serial;
const besideTest = coreutils === undefined ? test.serial.skip : test.serial;
const nativeLinuxTest = nativeTestOn(hasProc);
const linuxTest = hasProc ? test.serial : test.serial.skip;

/** Starts it, sends it signals once it is ready, and tells how it ended. */
async function signalled(
  program: Program,
  args: readonly string[],
  signals: readonly NodeJS.Signals[],
) {
  const running = start(program, args);
  await running.hasPrinted('ready');
  // coreutils leaves its command behind where a signal comes before it knows that it has forked: it waits once it does.
  const isWaiting = (): boolean => statusField(running.pid, 'State').startsWith('S');
  if (hasProc) await waitForCondition('it waits', isWaiting);
  for (const signal of signals) process.kill(running.pid, signal);
  return running.ended;
}

const same = test.macro({
  exec: async (t, signal: NodeJS.Signals, args: readonly string[]) => {
    const ours = await signalled(hardstop, args, [signal]);
    const theirs = await signalled(timeout, args, [signal]);
    t.deepEqual(asTimeout(ours), theirs);
  },
  title: (_, signal: NodeJS.Signals, args: readonly string[]) =>
    `${signal} as timeout does: ${args.join(' ')}`,
});

const READY = 'echo ready; exec sleep 60';
// The command gets each signal twice: by itself, and by its group. A shell tells of a child that a signal has ended, this one not: its children are in the background.
const HANDLING = 'sleep 5 >/dev/null 2>&1 & echo ready; wait';
const WAITING = 'echo ready; while :; do sleep .05; done';

for (const signal of ['INT', 'TERM', 'HUP', 'QUIT', 'ALRM'] as const) {
  besideTest(same, `SIG${signal}`, ['60', 'sh', '-c', READY]);
  besideTest(same, `SIG${signal}`, [
    '-v',
    '60',
    'sh',
    '-c',
    `trap "trap '' ${signal}; echo caught; exit 3" ${signal}; ${HANDLING}`,
  ]);
}
besideTest(same, 'SIGTERM', ['-v', '-k', '.2', '60', 'sh', '-c', `trap "" TERM; ${WAITING}`]);
besideTest(same, 'SIGTERM', [
  '--foreground',
  '-k',
  '.2',
  '60',
  'sh',
  '-c',
  `trap "" TERM; ${WAITING}`,
]);
besideTest(same, 'SIGINT', ['--preserve-status', '60', 'sh', '-c', READY]);
besideTest(same, 'SIGUSR2', ['-v', '-s', 'USR2', '60', 'sh', '-c', READY]);
besideTest(same, 'SIGALRM', ['-v', '--preserve-status', '60', 'sh', '-c', READY]);
besideTest(same, 'SIGKILL', ['60', 'sh', '-c', 'echo ready; exec sleep 2']);

for (const signal of [
  'SIGUSR1',
  'SIGUSR2',
  'SIGPIPE',
  'SIGXCPU',
  'SIGVTALRM',
  'SIGPROF',
  'SIGIO',
] as const) {
  posixTest(`${signal} is passed on, as coreutils does since 9.8`, async (t) => {
    const ended = await signalled(hardstop, ['-v', '60', 'sh', '-c', READY], [signal]);
    t.is(
      ended.code === null ? ended.signal : ended.code - 128,
      signal === 'SIGIO' ? ended.signal : signal,
    );
    t.regex(ended.stderr, /^hardstop: sending signal \w+ to command 'sh'$/m);
  });
}

nativeLinuxTest('real-time signals are passed on, as coreutils does since 9.8', async (t) => {
  const running = start(hardstop, ['-v', '60', 'sh', '-c', READY]);
  await running.hasPrinted('ready');
  process.kill(running.pid, 35);
  const { stderr } = await running.ended;
  t.is(stderr, "hardstop: sending signal RTMIN+1 to command 'sh'\n");
});

linuxTest('a command that is stopped is woken, so that it can die', async (t) => {
  const running = start(hardstop, ['60', 'sh', '-c', 'echo ready $$; exec sleep 60']);
  await running.hasPrinted('ready');
  const [child] = findChildren(running.pid);
  process.kill(child ?? 0, 'SIGSTOP');
  await waitForCondition('stopped', () => statusField(child ?? 0, 'State').startsWith('T'));
  process.kill(running.pid, 'SIGTERM');
  t.is((await running.ended).signal, 'SIGTERM');
});

linuxTest('a command that stops itself is ended in time', async (t) => {
  const ended = await start(hardstop, ['.5', 'sh', '-c', 'kill -STOP $$; echo woken']).ended;
  t.like(ended, { code: 124, stdout: '' });
});

linuxTest('under nohup SIGHUP ends neither the command nor the monitor', async (t) => {
  for (const shell of [['nohup'], ['sh', '-c', 'trap "" HUP; "$@"; exit $?', 'sh']]) {
    const program = [...shell, ...hardstop] as unknown as Program;
    const running = start(program, ['60', 'sh', '-c', 'echo ready; sleep .5; echo done'], {
      // As bash sets it.
      _: '/usr/bin/nohup',
    });
    await running.hasPrinted('ready');
    process.kill(-running.pid, 'SIGHUP');
    for (const pid of monitorsBelow(running.pid)) process.kill(pid, 'SIGHUP');
    t.like(await running.ended, { code: 0, stdout: 'ready\ndone\n' }, shell[0]);
  }
});

nativeLinuxTest('under nohup the command itself ignores SIGHUP', async (t) => {
  const program = ['nohup', ...hardstop] as unknown as Program;
  const running = start(program, ['60', 'sh', '-c', 'echo ready; exec sleep 60'], { _: 'nohup' });
  await running.hasPrinted('ready');
  const [child] = findChildren(running.pid);
  t.true(ignores(child ?? 0, constants.signals.SIGHUP));
  process.kill(running.pid, 'SIGTERM');
  await running.ended;
});

nativeLinuxTest(
  'a command has the default action of all signals, and none is blocked',
  async (t) => {
    const script = 'grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status';
    const ours = await start(hardstop, ['60', 'sh', '-c', script]).ended;
    const theirs = await start(timeout, ['60', 'sh', '-c', script]).ended;
    t.is(ours.stdout, theirs.stdout);
  },
);

/** `hardstop run` itself where a shell has started it. */
function monitorsBelow(pid: number): readonly number[] {
  return findChildren(pid).filter((child) => statusField(child, 'Name').startsWith('node'));
}

// What `hardstop run` ends beyond the command itself and its group.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { RunReport } from '#internal/cli/run/report-file.js';
import { nativeTestOn } from '../harness/native-test.js';
import { waitForCondition } from '../harness/wait-for.js';
import { hardstop, start, type Ended } from './beside-coreutils.js';
import { findByArgument, findChildren, hasProc, statusField } from './processes.js';

const linuxTest = hasProc ? test.serial : test.serial.skip;
const nativeLinuxTest = nativeTestOn(hasProc);

interface Daemon {
  /** What stands before it. */
  readonly before?: string;
  readonly ignored?: string;
  /** It keeps nothing of ours open once it is ready, which would be waited for here. */
  readonly isSilent?: boolean;
}

/** A program that leaves the group and loses its parent, ignores what asks it to end, and is found by its argument. */
function daemon(tag: string, options: Daemon = {}): string {
  const { before = '', ignored = 'TERM HUP INT', isSilent = false } = options;
  const ready = `echo ready${isSilent ? '; exec >/dev/null 2>&1' : ''}`;
  return `${before} setsid sh -c 'trap "" ${ignored}; ${ready}; while :; do sleep .05; done' ${tag} & `;
}

/** The limit strikes when the tree is there: by the signal that says so, which is the same to the monitor. */
async function outOfTime(args: readonly string[]): Promise<Ended> {
  const running = start(hardstop, args);
  await running.hasPrinted('ready');
  process.kill(running.pid, 'SIGALRM');
  return running.ended;
}

function makeTag(t: ExecutionContext): string {
  const tag = `hardstop-test-${randomUUID()}`;
  t.teardown(() => {
    for (const pid of findByArgument(tag)) process.kill(pid, 'SIGKILL');
  });
  return tag;
}

const hasGuard = (monitor: number): boolean =>
  findByArgument('hardstop-guard').some((pid) => statusField(pid, 'PPid') === String(monitor));

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

const isGone = (tag: string): boolean => findByArgument(tag).length === 0;

linuxTest('when time is up nothing is left of the tree, in whatever session', async (t) => {
  const tag = makeTag(t);
  // The one whose limit is a time.
  const ended = await start(hardstop, ['2', 'sh', '-c', `${daemon(tag)} sleep 60`]).ended;
  t.is(ended.code, 124);
  t.true(ended.stdout.startsWith('ready'));
  t.true(isGone(tag));
});

linuxTest('nor of what has dropped its environment', async (t) => {
  const tag = makeTag(t);
  const script = `${daemon(tag, { before: 'env -i PATH="$PATH"' })} sleep 60`;
  const ended = await outOfTime(['-k', '.3', '60', 'sh', '-c', script]);
  t.is(ended.code, 124);
  t.true(isGone(tag));
});

linuxTest('what handles its signal may, until --kill-after', async (t) => {
  const tag = makeTag(t);
  const careful = `setsid sh -c 'trap "sleep .3; echo saved; exit" TERM; echo ready; while :; do sleep .05; done' ${tag} &`;
  const ended = await outOfTime(['-k', '60', '60', 'sh', '-c', `${careful} sleep 60`]);
  t.like(ended, { code: 124, stdout: 'ready\nsaved\n' });
});

linuxTest('a signal that asks for an end reaches the tree too, and it is waited for', async (t) => {
  const tag = makeTag(t);
  const running = start(hardstop, ['60', 'sh', '-c', `${daemon(tag)} sleep 60`]);
  await running.hasPrinted('ready');
  process.kill(running.pid, 'SIGTERM');
  t.is((await running.ended).signal, 'SIGTERM');
  t.true(isGone(tag));
});

linuxTest('with KILL the whole tree is gone at once', async (t) => {
  const tag = makeTag(t);
  const ended = await outOfTime(['-s', 'KILL', '60', 'sh', '-c', `${daemon(tag)} sleep 60`]);
  t.is(ended.signal, 'SIGKILL');
  t.true(isGone(tag));
});

linuxTest('what a command leaves running that ends in time goes on, as with timeout', async (t) => {
  const tag = makeTag(t);
  const script = `${daemon(tag, { isSilent: true })} sleep .3; exit 4`;
  const ended = await start(hardstop, ['60', 'sh', '-c', script]).ended;
  t.is(ended.code, 4);
  // Longer than a guard would take that did not know.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  t.false(isGone(tag));
});

linuxTest('also if it was passed a signal that does not ask for an end', async (t) => {
  const tag = makeTag(t);
  const ignoring = daemon(tag, { isSilent: true, ignored: 'USR1 TERM HUP INT' });
  const script = `trap told=1 USR1; ${ignoring} echo set; until [ "$told" ]; do sleep .05; done; exit 4`;
  const running = start(hardstop, ['60', 'bash', '-c', script]);
  await running.hasPrinted('set');
  // By then it ignores the signal.
  await running.hasPrinted('ready');
  await waitForCondition('the guard', () => hasGuard(running.pid));
  process.kill(running.pid, 'SIGUSR1');
  t.is((await running.ended).code, 4);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  t.false(isGone(tag));
});

linuxTest('--no-tree ends the group alone, as timeout does', async (t) => {
  const tag = makeTag(t);
  const script = `${daemon(tag, { isSilent: true })} sleep 60`;
  const ended = await outOfTime(['--no-tree', '60', 'sh', '-c', script]);
  t.is(ended.code, 124);
  t.false(isGone(tag));
});

linuxTest('--foreground ends the command alone, unless --tree is given too', async (t) => {
  for (const [options, left] of [
    [['--foreground'], 1],
    [['--foreground', '--tree'], 0],
  ] as const) {
    const tag = makeTag(t);
    const script = `${daemon(tag, { isSilent: true })} exec sleep 60`;
    const ended = await outOfTime([...options, '60', 'sh', '-c', script]);
    t.is(ended.code, 124);
    t.is(isGone(tag), left === 0);
  }
});

linuxTest('a fork storm leaves nobody', async (t) => {
  const tag = makeTag(t);
  const storm = `f() { while :; do sh -c "sleep 30" ${tag} & sleep .02; done; }; f & f & echo ready; f`;
  const running = start(hardstop, ['-k', '.2', '60', 'bash', '-c', storm, tag]);
  await waitForCondition('a storm', () => findByArgument(tag).length >= 30);
  process.kill(running.pid, 'SIGALRM');
  const ended = await running.ended;
  t.true(ended.code === 124 || ended.signal === 'SIGKILL');
  t.true(isGone(tag));
});

nativeLinuxTest('when the monitor is killed the command may still handle its signal', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-run-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  for (const tree of ['--tree', '--no-tree']) {
    const script = `trap 'echo caught >"$0"; exit' USR1; echo ready; while :; do sleep .05; done`;
    const file = join(folder, tree);
    const running = start(hardstop, [tree, '-s', 'USR1', '60', 'sh', '-c', script, file]);
    await running.hasPrinted('ready');
    process.kill(running.pid, 'SIGKILL');
    t.is((await running.ended).signal, 'SIGKILL');
    await waitForCondition('caught', () => readIfThere(file) === 'caught\n');
    await waitForCondition('gone', () => isGone(file));
  }
});

linuxTest('when the monitor is killed the whole tree dies', async (t) => {
  const tag = makeTag(t);
  const running = start(hardstop, [
    '60',
    'sh',
    '-c',
    `trap "" TERM; ${daemon(tag)} echo set; while :; do sleep .05; done`,
    tag,
  ]);
  await running.hasPrinted('set');
  await running.hasPrinted('ready');
  // The monitor, the command and what it has started.
  t.true(findByArgument(tag).length >= 3);
  // Commands that take very little time do without.
  await waitForCondition('the guard', () => hasGuard(running.pid));
  process.kill(running.pid, 'SIGKILL');
  await waitForCondition('gone', () => isGone(tag));
  t.pass();
});

linuxTest('whoever kills the guard as it starts does the command no harm', async (t) => {
  for (let round = 0; round < 5; round++) {
    const running = start(hardstop, ['60', 'sh', '-c', 'echo ready; sleep .3; exit 4']);
    await running.hasPrinted('ready');
    let isKilled = false;
    for (const end = performance.now() + 200; !isKilled && performance.now() < end;) {
      // A copy of its parent until it has become a shell.
      const [copy] = findChildren(running.pid).filter((pid) => statusField(pid, 'Name') !== 'sh');
      isKilled = copy !== undefined && kill(copy);
    }
    t.is((await running.ended).code, 4);
  }
});

linuxTest(
  'a monitor within a monitor: the outer one ends both, and what they have started',
  async (t) => {
    const tag = makeTag(t);
    const inner = [...hardstop, '60', 'sh', '-c', `${daemon(tag)} sleep 60`];
    const ended = await outOfTime(['60', ...inner]);
    t.is(ended.code, 124);
    t.true(isGone(tag));
  },
);

linuxTest('the report names the signals, and what could not be ended', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-run-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'report.json');
  const script = 'trap "" TERM; while :; do sleep .05; done';
  await start(hardstop, ['--json', file, '-k', '.2', '1', 'sh', '-c', script]).ended;
  const report = JSON.parse(readFileSync(file, 'utf8')) as RunReport;
  t.like(report, {
    schema: 1,
    command: ['sh', '-c', script],
    limits: { durationMs: 1000, killAfterMs: 200, idleMs: null },
    timedOut: 'duration',
    exitCode: null,
    signal: 'KILL',
    status: 137,
    survivors: [],
    error: null,
  });
  t.deepEqual(
    report.signals.map(({ signal }) => signal),
    ['TERM', 'KILL'],
  );
  const [first, second] = report.signals;
  t.true((first?.at ?? 0) >= 1000);
  t.true((second?.at ?? 0) - (first?.at ?? 0) >= 199);
});

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

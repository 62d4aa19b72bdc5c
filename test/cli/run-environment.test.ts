// What a command finds around it under `hardstop run`: the same as under the machine's own `timeout`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { RunReport } from '#internal/cli/run/report-file.js';
import { strategies } from '../harness/strategies.js';
import { coreutils, hardstop, start, timeout, type Program } from './beside-coreutils.js';
import { hasProc } from './processes.js';

const hasBoth = coreutils !== undefined && hasProc;
const besideTest = hasBoth ? test.serial : test.serial.skip;
const nativeTest = hasBoth && strategies().includes('native') ? test.serial : test.serial.skip;

/** A shell's script in which `$RUN` is one of the two. */
const same = test.macro({
  exec: async (t, script: string) => {
    const run = ([file, ...args]: Program) =>
      start(['bash', '-c', script], [], { RUN: [file, ...args].join(' ') });
    const [ours, theirs] = [await run(hardstop).ended, await run(timeout).ended];
    t.deepEqual(ours, theirs);
  },
  title: (_, script: string) => `as timeout: ${script}`,
});

nativeTest(same, '$RUN 60 cat /dev/fd/5 5</etc/hostname');
nativeTest(same, '$RUN 60 sh -c "cat <&3; echo out >&4" 3</etc/hostname 4>&1');
nativeTest(same, 'exec 20</etc/hostname; $RUN 60 sh -c "ls /proc/self/fd | wc -l"');
nativeTest(same, 'ulimit -n 123; $RUN 60 sh -c "ulimit -n; ulimit -Hn"');
nativeTest(same, "$RUN 60 printf '%s' $'a\\xff\\xfe b' | od -c");
nativeTest(same, '$RUN 60 sh -c "ps -o pgid= -p \\$\\$ | wc -l; umask; nice"');
nativeTest(same, "trap '' CHLD; $RUN 60 sh -c 'exit 3'; echo $?");
nativeTest(
  same,
  'ulimit -c unlimited; cd $(mktemp -d); $RUN 60 sh -c "kill -SEGV \\$\\$" 2>&1 | sed s/hardstop/timeout/',
);
besideTest(same, 'echo input | $RUN 60 cat');
besideTest(same, '$RUN 60 cat </dev/null');
besideTest(same, '$RUN -v .3 sleep 60 2>&1 | sed s/hardstop/timeout/');
besideTest(same, '{ $RUN .3 sleep 60; echo $? >&2; } | :');
besideTest(same, '$RUN 60 yes | head -1; echo ${PIPESTATUS[0]}');
besideTest(same, '(sleep .2 & exec $RUN .5 sh -c "sleep 2; echo not"); echo $?');
besideTest(same, 'FOO=bar $RUN 60 sh -c "echo $FOO; pwd"');
besideTest(same, '$RUN 60 sh -c "exit 9" & wait $!; echo $?');
besideTest(same, '$RUN .3 sleep 60 & wait $!; echo $?');
besideTest(same, '$RUN 60 $RUN .3 sleep 60; echo $?');
besideTest(same, '$RUN .5 $RUN 60 sleep 60; echo $?');
besideTest(same, '$RUN 60 sh -c "kill -TERM \\$\\$"; echo $?');

const namespace = ['unshare', '--pid', '--fork', '--map-root-user', '--mount-proc'];
const hasNamespaces = spawnSync(namespace[0] ?? '', [...namespace.slice(1), 'true']).status === 0;
if (!hasNamespaces) console.log('- [skip] namespaces: unshare is not permitted here');

const sameAsFirst = test.macro({
  exec: async (t, args: readonly string[]) => {
    const [ours, theirs] = await Promise.all(
      [hardstop, timeout].map(
        (program) => start([...namespace, ...program] as unknown as Program, args).ended,
      ),
    );
    t.like(ours, { code: theirs?.code, signal: theirs?.signal, stdout: theirs?.stdout });
  },
  title: (_, args: readonly string[]) => `as the first process of a namespace: ${args.join(' ')}`,
});
const namespaceTest = hasNamespaces && hasBoth ? test.serial : test.serial.skip;

namespaceTest(sameAsFirst, ['.3', 'sleep', '60']);
namespaceTest(sameAsFirst, ['60', 'sh', '-c', 'echo $PPID; exit 7']);
namespaceTest(sameAsFirst, ['-s', 'KILL', '.3', 'sleep', '60']);
namespaceTest(sameAsFirst, [
  '-k',
  '.2',
  '.3',
  'sh',
  '-c',
  'trap "" TERM; while :; do sleep .05; done',
]);
namespaceTest(sameAsFirst, ['60', 'sh', '-c', 'kill -TERM $$']);
namespaceTest(sameAsFirst, ['60', 'sh', '-c', 'kill -KILL $$']);

test.serial('--idle ends a command that has written nothing for so long', async (t) => {
  const script = 'for i in 1 2 3 4 5 6; do echo $i; sleep .2; done; exec sleep 60';
  const running = start(hardstop, ['--idle', '1', '60', 'sh', '-c', script]);
  t.like(await running.ended, { code: 124, stdout: '1\n2\n3\n4\n5\n6\n' });
});

test.serial('--idle passes on all output, in order, however slow its reader is', async (t) => {
  const program = [
    'sh',
    '-c',
    '"$@" | { sleep 2; md5sum; }',
    'sh',
    ...hardstop,
  ] as unknown as Program;
  const script = 'seq 300000; echo error >&2; exit 3';
  const { stdout, stderr } = await start(program, ['--idle', '1', '60', 'sh', '-c', script]).ended;
  t.is(stdout, spawnSync('sh', ['-c', 'seq 300000 | md5sum'], { encoding: 'utf8' }).stdout);
  t.is(stderr, 'error\n');
});

test.serial('--idle does not wait for others that hold the output', async (t) => {
  const script = 'sleep 5 & echo done; exit 3';
  const ended = await start(hardstop, ['--idle', '60', '60', 'sh', '-c', script]).ended;
  t.like(ended, { code: 3, stdout: 'done\n' });
});

// Node's own pipes are sockets, which tell a writer otherwise.
nativeTest('--idle: a reader that goes away ends the command as it would without', async (t) => {
  const program = [
    'bash',
    '-c',
    '"$@" | head -1; echo ${PIPESTATUS[0]}',
    'bash',
    ...hardstop,
  ] as unknown as Program;
  const { stdout } = await start(program, ['--idle', '60', '60', 'yes']).ended;
  t.is(stdout, 'y\n141\n');
});

test.serial('--json tells why a command was not started', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-run-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'report.json');
  const { code } = await start(hardstop, ['--json', file, '60', 'no-such-command']).ended;
  t.is(code, 127);
  const report = JSON.parse(readFileSync(file, 'utf8')) as RunReport;
  t.like(report, { pid: null, status: 127, exitCode: null, signal: null, signals: [] });
  t.regex(report.error ?? '', /^failed to run command 'no-such-command': No such file/);
});

test.serial('nothing is started where the report cannot be written', async (t) => {
  const ended = await start(hardstop, ['--json', '/no/such/folder/x', '60', 'echo', 'started'])
    .ended;
  t.like(ended, { code: 125, stdout: '' });
  t.regex(
    ended.stderr,
    /^hardstop: cannot open '\/no\/such\/folder\/x': No such file or directory$/m,
  );
});

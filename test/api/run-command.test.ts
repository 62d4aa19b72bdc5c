import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test from 'ava';
import { InvalidOptionError, runCommand, type CommandOptions } from 'hardstop';
import { errorOf, failureOf, onLinux, timeoutOf } from '../harness/command-test.js';

const ENOUGH_MS = 60_000;

onLinux('a command that ends in time: its code and what it printed', async (t) => {
  const result = await runCommand('sh', ['-c', 'echo out; echo err >&2'], { timeout: ENOUGH_MS });
  const { pid, durationMs, ...rest } = result;
  t.true(pid !== undefined && pid > 0);
  t.true(durationMs > 0);
  t.deepEqual(
    { ...rest, all: [...rest.all.split('\n')].sort() },
    {
      command: 'sh',
      args: ['-c', 'echo out; echo err >&2'],
      exitCode: 0,
      signal: undefined,
      stdout: 'out\n',
      stderr: 'err\n',
      all: ['', 'err', 'out'],
      timedOut: false,
      endedBy: 'itself',
      outputIncomplete: false,
      outputTruncated: false,
    },
  );
});

onLinux('an exit code other than 0 is a CommandError that has all of the result', async (t) => {
  const error = await errorOf(runCommand('sh', ['-c', 'echo out; echo err >&2; exit 7']));
  t.is(error.code, 'ERR_HARDSTOP_COMMAND');
  t.is(error.name, 'CommandError');
  t.is(error.reason, 'exit');
  t.is(error.exitCode, 7);
  t.is(error.signal, undefined);
  t.is(error.stdout, 'out\n');
  t.is(error.stderr, 'err\n');
  t.false(error.timedOut);
  t.regex(error.message, /`sh -c '.*'` failed with exit code 7/);
});

onLinux('death of a signal that was not ours is a CommandError of its own', async (t) => {
  const error = await errorOf(runCommand('sh', ['-c', 'kill -KILL $$']));
  t.is(error.reason, 'signal');
  t.is(error.signal, 'SIGKILL');
  t.is(error.exitCode, undefined);
  t.regex(error.message, /died of SIGKILL/);
});

onLinux('with `check: false` both are results', async (t) => {
  const failed = await runCommand('sh', ['-c', 'exit 7'], { check: false });
  t.is(failed.exitCode, 7);
  const died = await runCommand('sh', ['-c', 'kill -TERM $$'], { check: false });
  t.is(died.signal, 'SIGTERM');
  t.is(died.endedBy, 'itself');
});

onLinux('exit codes that a shell uses for signals and timeouts are exit codes', async (t) => {
  for (const code of [124, 126, 127, 137, 143]) {
    const error = await errorOf(
      runCommand('sh', ['-c', `exit ${String(code)}`], { timeout: ENOUGH_MS }),
    );
    t.is(error.reason, 'exit');
    t.is(error.exitCode, code);
  }
});

onLinux('what cannot be started says why, at once', async (t) => {
  const cases: readonly (readonly [string, CommandOptions, RegExp, string])[] = [
    ['no-such-program', {}, /`no-such-program` could not be started: it was not found/, 'ENOENT'],
    ['/etc/passwd', {}, /it is not executable/, 'EACCES'],
    ['/', {}, /it is not executable/, 'EACCES'],
    ['true', { cwd: '/no-such-folder' }, /directory `\/no-such-folder` does not exist/, 'ENOENT'],
    ['true', { cwd: '/etc/passwd' }, /directory `\/etc\/passwd` is not a directory/, 'ENOTDIR'],
    ['no-such-program', { mergeStderr: true }, /it was not found/, 'ENOENT'],
    ['true', { stdio: ['ignore', { file: '/no-such-folder/x' }] }, /cannot be opened/, 'ENOENT'],
    ['true', { stdio: [{ file: '/no-such-folder/x' }] }, /cannot be opened/, 'ENOENT'],
  ];
  for (const [file, options, message, code] of cases) {
    const error = await errorOf(
      runCommand(file, [], { ...options, onOutput: undefined, encoding: 'utf8' }),
    );
    t.is(error.reason, 'spawn', file);
    t.is(error.exitCode, undefined);
    t.is(error.pid, undefined);
    t.regex(error.message, message);
    t.is((error.cause as NodeJS.ErrnoException).code, code, file);
  }
});

onLinux('arguments reach the program as they are, also through a shell', async (t) => {
  const args = ['a b', "it's", '$HOME', '', '"', '\\', '*', 'ä\n', '; exit 9'];
  const show = 'for word; do printf "%s\\0" "$word"; done';
  const direct = await runCommand('sh', ['-c', show, 'sh', ...args]);
  t.deepEqual(direct.stdout.split('\0').slice(0, -1), args);
  const shell = await runCommand(`set -- "$@"; printf '%s\\0'`, args, { shell: true });
  t.deepEqual(shell.stdout.split('\0').slice(0, -1), args);
  const merged = await runCommand('sh', ['-c', show, 'sh', ...args], { mergeStderr: true });
  t.deepEqual(merged.stdout.split('\0').slice(0, -1), args);
});

onLinux('`cwd`, `env` and `shell` are what the program gets', async (t) => {
  const cwd = realpathSync(tmpdir());
  t.is((await runCommand('pwd', [], { cwd })).stdout, `${cwd}\n`);
  t.is((await runCommand('pwd', [], { cwd: new URL(`file://${cwd}/`) })).stdout.trim(), cwd);
  const env = { PATH: process.env['PATH'], GIVEN: 'x' };
  const { stdout } = await runCommand('env', [], { env });
  t.deepEqual(
    stdout.split('\n').filter((line) => !/^(PATH|HARDSTOP_TREE|PWD|_|SHLVL)?(=|$)/.test(line)),
    ['GIVEN=x'],
  );
  t.is((await runCommand('echo $((6 * 7))', [], { shell: '/bin/sh' })).stdout, '42\n');
});

onLinux('standard input is empty unless there is `input`', async (t) => {
  t.is((await runCommand('cat', [], { timeout: ENOUGH_MS })).stdout, '');
  t.is((await runCommand('cat', [], { input: 'text ä' })).stdout, 'text ä');
  t.is((await runCommand('cat', [], { input: Buffer.from('bytes') })).stdout, 'bytes');
  t.is((await runCommand('cat', [], { input: '' })).stdout, '');
});

onLinux('`timeout: 0` starts nothing', async (t) => {
  const error = await timeoutOf(runCommand('sh', ['-c', 'echo started'], { timeout: 0 }));
  t.is(error.stage, 'refused');
  t.is(error.pid, undefined);
  t.is(error.stdout, '');
});

onLinux('`default`, `error` and `onTimeout` do what they do everywhere', async (t) => {
  const limit = { timeout: 50, grace: 0 };
  t.is(await runCommand('sleep', ['1000'], { ...limit, default: 'nothing' }), 'nothing');
  t.is(await runCommand('sleep', ['1000'], { ...limit, error: false }), undefined);
  const seen: unknown[] = [];
  const error = await failureOf(
    runCommand('sleep', ['1000'], {
      ...limit,
      error: (timeout) => new RangeError('mine', { cause: timeout }),
      onTimeout: (timeout) => seen.push(timeout),
    }),
  );
  t.true(error instanceof RangeError);
  t.is((error as RangeError).cause, seen[0]);
  const named = await timeoutOf(runCommand('sleep', ['1000'], { ...limit, name: 'nap' }));
  t.regex(named.message, /`nap`/);
});

test('a bad option is refused by name, and nothing is started', async (t) => {
  const cases: readonly (readonly [string, object])[] = [
    ['timeout', { timeout: -1 }],
    ['timeout', { timeout: '1' }],
    ['deadline', { timeout: 1, deadline: 1 }],
    ['grace', { grace: null }],
    ['grace', { grace: -1 }],
    ['idleTimeout', { idleTimeout: 0 }],
    ['idleTimeout', { idleTimeout: 5, stdio: 'ignore' }],
    ['check', { check: 1 }],
    ['input', { input: 7 }],
    ['stdio[0]', { input: 'x', stdio: ['inherit'] }],
    ['stdio[0]', { input: 'x', stdio: 'ignore' }],
    ['stdio[2]', { mergeStderr: true, stdio: ['ignore', 'pipe', 'pipe'] }],
    ['stdio', { stdio: 'nowhere' }],
    ['stdio[1]', { stdio: ['ignore', true] }],
    ['stdio[1].file', { stdio: ['ignore', {}] }],
    ['stdio[1].maxSize', { stdio: ['ignore', { file: 'x', maxSize: -1 }] }],
    ['encoding', { encoding: 'klingon' }],
    ['maxBuffer', { maxBuffer: NaN }],
    ['overflow', { overflow: 'ignore' }],
    ['killSignal', { killSignal: 'SIGNONE' }],
    ['killTree', { killTree: 'yes' }],
    ['cwd', { cwd: 7 }],
    ['env', { env: 'A=1' }],
    ['shell', { shell: 1 }],
    ['mergeStderr', { mergeStderr: 1 }],
    ['onOutput', { onOutput: 'log' }],
    ['signal', { signal: {} }],
    ['cpuTimeout', { cpuTimeout: 5 }],
  ];
  for (const [name, options] of cases) {
    const error = await failureOf(runCommand('no-such-program', [], options));
    t.true(error instanceof InvalidOptionError, name);
    t.is((error as InvalidOptionError).option, name);
  }
  for (const [name, file, args] of [
    ['file', '', []],
    ['file', 'a\0b', []],
    ['args', 'true', 'x'],
    ['args', 'true', [1]],
    ['args', 'true', ['a\0']],
  ] as const) {
    const error = await failureOf(runCommand(file, args as readonly string[]));
    t.is((error as InvalidOptionError).option, name);
  }
});

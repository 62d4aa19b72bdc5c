import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from 'hardstop';
import { errorOf, failureOf, onLinux, timeoutOf } from '../harness/command-test.js';
import { processesWith, uniqueSeconds } from '../harness/live-processes.js';
import { packageRoot } from '../harness/package-root.js';

const ENOUGH_MS = 60_000;
const MEGABYTE = 2 ** 20;
/** Standard output and standard error may be sockets, which cannot be opened by a path. */
const BOTH_STREAMS = '{ tee /dev/fd/3 3>&1 >&4 | cat >&2; } 4>&1';

onLinux('a megabyte in and out, of both streams, does not lock anybody', async (t) => {
  const input = Buffer.alloc(MEGABYTE, 'ä');
  const { stdout, stderr } = await runCommand('sh', ['-c', BOTH_STREAMS], {
    input,
    encoding: 'buffer',
    timeout: ENOUGH_MS,
  });
  t.true(stdout.equals(input));
  t.true(stderr.equals(input));
});

onLinux('a command that never reads its input ends as it would', async (t) => {
  const input = 'x'.repeat(4 * MEGABYTE);
  t.is((await runCommand('true', [], { input, timeout: ENOUGH_MS })).exitCode, 0);
  const closed = await runCommand('sh', ['-c', 'exec <&-; echo done'], { input });
  t.is(closed.stdout, 'done\n');
});

onLinux('the deadline covers the writing of input', async (t) => {
  const error = await timeoutOf(
    runCommand('sleep', [uniqueSeconds()], { input: 'x'.repeat(4 * MEGABYTE), timeout: 200 }),
  );
  t.true(error.stopped);
});

onLinux('`mergeStderr` keeps the order in which the streams were written to', async (t) => {
  const script = 'i=0; while [ $i -lt 50 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done';
  const { stdout, stderr, all } = await runCommand('sh', ['-c', script], { mergeStderr: true });
  const expected = Array.from({ length: 50 }, (_, i) => `o${String(i)}\ne${String(i)}\n`).join('');
  t.is(stdout, expected);
  t.is(stderr, '');
  t.is(all, expected);
  const error = await errorOf(
    runCommand('sh', ['-c', 'echo a >&2; exit 3'], { mergeStderr: true }),
  );
  t.is(error.stdout, 'a\n');
  t.is(error.exitCode, 3);
});

onLinux('`encoding` says what output is handed out as', async (t) => {
  const bytes = ['-c', String.raw`printf '\303\244\377'`];
  t.is((await runCommand('sh', bytes)).stdout, 'ä\uFFFD');
  t.is((await runCommand('sh', bytes, { encoding: 'hex' })).stdout, 'c3a4ff');
  const { stdout } = await runCommand('sh', bytes, { encoding: 'buffer' });
  t.deepEqual([...stdout], [0xc3, 0xa4, 0xff]);
});

onLinux('`onOutput` is told as it comes, with no character cut in two', async (t) => {
  const chunks: string[] = [];
  const script = String.raw`printf 'a\303'; sleep 0.2; printf '\244b'; echo err >&2`;
  const { stdout } = await runCommand('sh', ['-c', script], {
    onOutput: (chunk, stream) => {
      if (stream === 'stdout') chunks.push(chunk);
    },
  });
  t.is(stdout, 'aäb');
  t.is(chunks.join(''), 'aäb');
  t.true(chunks.every((chunk) => !chunk.includes('\uFFFD')));
});

onLinux('what `onOutput` throws ends the command, and is thrown', async (t) => {
  const seconds = uniqueSeconds();
  const mine = new Error('mine');
  let calls = 0;
  const thrown = await failureOf(
    runCommand('sh', ['-c', `echo a; sleep 0.2; echo b; sleep ${seconds}`], {
      onOutput: () => {
        calls++;
        throw mine;
      },
    }),
  );
  t.is(thrown, mine);
  t.is(calls, 1);
  t.deepEqual(processesWith(seconds), []);
});

onLinux('more than `maxBuffer` ends the command and is an error of its own', async (t) => {
  const error = await errorOf(runCommand('yes', [], { maxBuffer: 1_000, timeout: ENOUGH_MS }));
  t.is(error.reason, 'maxBuffer');
  t.is(error.stdout.length, 1_000);
  t.true(error.outputTruncated);
  t.false(error.timedOut);
  t.regex(error.message, /more than the `maxBuffer` bytes on stdout/);
  const exact = await runCommand('printf', ['12345'], { maxBuffer: 5 });
  t.is(exact.stdout, '12345');
});

onLinux('with `overflow: "truncate"` it goes on, and the rest is dropped', async (t) => {
  let told = 0;
  const result = await runCommand('head', ['-c', '300000', '/dev/zero'], {
    maxBuffer: 1_000,
    overflow: 'truncate',
    encoding: 'buffer',
    onOutput: (chunk) => (told += chunk.length),
  });
  t.is(result.stdout.length, 1_000);
  t.true(result.outputTruncated);
  t.is(told, 300_000);
});

onLinux(
  'output goes to files, to their end or behind it, and no further than `maxSize`',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hardstop-'));
    const file = join(folder, 'out');
    const write = (words: string, target: object): Promise<unknown> =>
      runCommand('sh', ['-c', words], { stdio: ['ignore', { file, ...target }, 'ignore'] });
    try {
      await write('echo one', {});
      await write('echo two', { append: true });
      t.is(readFileSync(file, 'utf8'), 'one\ntwo\n');
      const input = await runCommand('cat', [], { stdio: [{ file }] });
      t.is(input.stdout, 'one\ntwo\n');
      await write('echo 12345', { maxSize: 1_000 });
      t.is(readFileSync(file, 'utf8'), '12345\n');
      const error = await errorOf(write('yes', { maxSize: 1_000 }));
      t.is(error.reason, 'maxBuffer');
      t.regex(error.message, /`maxSize`/);
      t.is(readFileSync(file).length, 1_000);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

onLinux('`idleTimeout` ends one that is silent so long; output renews it', async (t) => {
  const script = 'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.5; done; sleep 1000';
  const error = await timeoutOf(runCommand('sh', ['-c', script], { idleTimeout: 2_000 }));
  t.is(error.stdout, '1\n2\n3\n4\n5\n6\n7\n8\n');
  t.is(error.clock, 'idle');
  t.is(error.timeout, 2_000);
  t.true(error.elapsed >= 5_500);
  t.regex(error.message, /after 2000 ms of silence/);
});

onLinux('output that came while this thread was busy counts against silence', async (t) => {
  const script = 'i=0; while [ $i -lt 20 ]; do echo $i; sleep 0.1; i=$((i+1)); done';
  const running = runCommand('sh', ['-c', script], { idleTimeout: 1_500 });
  const until = performance.now() + 1_800;
  while (performance.now() < until);
  t.is((await running).exitCode, 0);
});

onLinux('a FIFO in place of a file is refused, and blocks nobody', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-'));
  try {
    const file = join(folder, 'fifo');
    await runCommand('mkfifo', [file]);
    // To open it here would wait for its other end, and the test with it: a child, which has a hard limit.
    const program = `
      const { runCommand, runCommandSync } = require('hardstop');
      const file = ${JSON.stringify(file)};
      const both = [[{ file }], ['ignore', { file }], ['ignore', { file, maxSize: 9 }]];
      (async () => {
        for (const stdio of both) {
          await runCommand('cat', [], { stdio }).catch((error) => console.log(error.reason));
          try { runCommandSync('cat', [], { stdio }); } catch (error) { console.log(error.message); }
        }
      })();`;
    const child = await runCommand(process.execPath, ['-e', program], {
      cwd: packageRoot,
      timeout: ENOUGH_MS,
    });
    const refusal = `Command \`cat\` could not be started: \`${file}\` is a FIFO, whose opening may wait for ever: let the command open it`;
    t.is(child.stdout, `spawn\n${refusal}\n`.repeat(3), child.stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

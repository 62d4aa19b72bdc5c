import test from 'ava';
import {
  CommandError,
  CommandTimeoutError,
  InvalidOptionError,
  isTimeoutError,
  runCommandSync,
  runSync,
} from 'hardstop';
import { onLinux } from '../harness/command-test.js';
import { processesWith, uniqueSeconds } from '../harness/live-processes.js';
import { isFastRun } from '../harness/repetitions.js';
import { runSource } from '../harness/run-fixture.js';
import { waitForCondition } from '../harness/wait-for.js';

const ENOUGH_MS = 60_000;

onLinux('blocks until the command has ended, and returns what `runCommand` does', (t) => {
  const result = runCommandSync('sh', ['-c', 'echo out; echo err >&2'], { timeout: ENOUGH_MS });
  t.is(result.stdout, 'out\n');
  t.is(result.stderr, 'err\n');
  t.is(result.exitCode, 0);
  t.is(result.endedBy, 'itself');
  t.true(result.durationMs > 0);
  const input = Buffer.alloc(2 ** 20, 'x');
  const { stdout } = runCommandSync('cat', [], { input, encoding: 'buffer' });
  t.true(stdout.equals(input));
});

onLinux('one that ignores the soft signal is killed, with its tree', (t) => {
  const seconds = uniqueSeconds();
  const script = `trap '' TERM; echo begun; setsid sleep ${seconds} & while :; do sleep 1; done`;
  const error = t.throws(
    () => runCommandSync('sh', ['-c', script], { timeout: 1_000, grace: 100 }),
    { instanceOf: CommandTimeoutError },
  );
  t.is(error?.stage, 'kill');
  t.is(error?.strategy, 'process');
  t.is(error?.stdout, 'begun\n');
  t.true(error?.stopped);
  t.regex(error?.stack ?? '', /run-command-sync\.test/);
  t.deepEqual(processesWith(seconds), []);
});

onLinux('failures are those of `runCommand`', (t) => {
  const failed = t.throws(() => runCommandSync('sh', ['-c', 'echo x; exit 3']), {
    instanceOf: CommandError,
  });
  t.is(failed?.exitCode, 3);
  t.is(failed?.stdout, 'x\n');
  const missing = t.throws(() => runCommandSync('no-such-program'), { instanceOf: CommandError });
  t.is(missing?.reason, 'spawn');
  t.is((missing?.cause as NodeJS.ErrnoException).code, 'ENOENT');
  const refused = t.throws(() => runCommandSync('true', [], { timeout: 0 }), {
    instanceOf: CommandTimeoutError,
  });
  t.is(refused?.stage, 'refused');
  const wordy = t.throws(() => runCommandSync('yes', [], { maxBuffer: 10 }), {
    instanceOf: CommandError,
  });
  t.is(wordy?.reason, 'maxBuffer');
  t.throws(() => runCommandSync('true', [], { timeout: -1 }), { instanceOf: InvalidOptionError });
  t.is(runCommandSync('sleep', ['1000'], { timeout: 50, grace: 0, default: 7 }), 7);
});

onLinux('silence ends it', (t) => {
  const error = t.throws(
    () => runCommandSync('sh', ['-c', 'echo x; sleep 1000'], { idleTimeout: 1_000 }),
    { instanceOf: CommandTimeoutError },
  );
  t.is(error?.clock, 'idle');
  t.is(error?.timeout, 1_000);
  t.is(error?.stdout, 'x\n');
});

onLinux(
  '`onOutput` is called in this thread, as output comes; what it throws ends the command',
  (t) => {
    const chunks: string[] = [];
    runCommandSync('sh', ['-c', 'echo a; sleep 0.2; echo b'], {
      onOutput: (chunk) => chunks.push(chunk),
    });
    t.is(chunks.join(''), 'a\nb\n');
    const seconds = uniqueSeconds();
    const mine = new Error('mine');
    const thrown = t.throws(() =>
      runCommandSync('sh', ['-c', `echo a; sleep ${seconds}`], {
        onOutput: () => {
          throw mine;
        },
      }),
    );
    t.is(thrown, mine);
    t.deepEqual(processesWith(seconds), []);
  },
);

onLinux('a scope around it ends it too', async (t) => {
  const seconds = uniqueSeconds();
  const error = t.throws(() => runSync(() => runCommandSync('sleep', [seconds]), 500));
  t.true(isTimeoutError(error));
  await waitForCondition('the end of the sleeper', () => processesWith(seconds).length === 0);
  t.is(runCommandSync('echo', ['still here']).stdout, 'still here\n');
});

onLinux('a scope around it may cut it anywhere', async (t) => {
  const seconds = uniqueSeconds();
  const source = `
    import { isTimeoutError, runCommandSync, runSync } from 'hardstop';
    let timeouts = 0;
    for (let i = 0; i < 60; i++) {
      try {
        runSync(() => runCommandSync('sleep', ['${seconds}']), Math.random() * 20);
      } catch (error) {
        if (isTimeoutError(error)) timeouts++;
      }
    }
    console.log(timeouts, runCommandSync('echo', ['well']).stdout.trim());
  `;
  const { stdout, stderr } = await runSource(source);
  t.is(stdout, '60 well\n', stderr);
  await waitForCondition('the end of the sleepers', () => processesWith(seconds).length === 0);
});

(isFastRun ? test.serial.skip : onLinux)(
  'a thread for it that never begins to run is an error, however long the limit',
  async (t) => {
    t.timeout(5 * ENOUGH_MS);
    // What a thread for which the system has no descriptor looks like to a caller that blocks.
    const preload = `import { isMainThread } from 'node:worker_threads';
    if (!isMainThread) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;
    const child = await runSource(
      `import { runCommandSync } from 'hardstop';
    try { runCommandSync('true'); } catch (error) { console.log(error.code, error.strategy); }`,
      {
        nodeFlags: ['--import', `data:text/javascript,${encodeURIComponent(preload)}`],
        timeoutMs: 4 * ENOUGH_MS,
      },
    );
    t.is(child.stdout, 'ERR_HARDSTOP_STRATEGY_UNAVAILABLE process\n', child.stderr);
  },
);

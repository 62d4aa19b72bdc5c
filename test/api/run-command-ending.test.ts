import { setTimeout as delay } from 'node:timers/promises';
import {
  capabilities,
  isTimeoutError,
  run,
  runCommand,
  Timeout,
  type TimeoutError,
} from 'hardstop';
import { failureOf, onLinux, timeoutOf } from '../harness/command-test.js';
import { processesWith, uniqueSeconds } from '../harness/live-processes.js';
import { waitForCondition } from '../harness/wait-for.js';

const ENOUGH_MS = 60_000;
/** Time for a shell to get to where it waits, on a busy machine too. */
const SETTLED_MS = 600;

onLinux('at the deadline the soft signal ends it; the error has what it printed', async (t) => {
  const seconds = uniqueSeconds();
  const error = await timeoutOf(
    runCommand('sh', ['-c', `echo begun; echo told >&2; sleep ${seconds}`], {
      timeout: SETTLED_MS,
      grace: ENOUGH_MS,
    }),
  );
  t.true(isTimeoutError(error));
  t.is(error.code, 'ERR_HARDSTOP_COMMAND_TIMEOUT');
  t.is(error.timeout, SETTLED_MS);
  t.is(error.strategy, 'process');
  t.is(error.stage, 'signal');
  t.true(error.stopped);
  t.is(error.stdout, 'begun\n');
  t.is(error.stderr, 'told\n');
  t.is(error.signal, 'SIGTERM');
  t.is(error.endedBy, 'soft');
  t.true(error.timedOut);
  t.true(error.elapsed >= SETTLED_MS);
  t.deepEqual(processesWith(seconds), []);
});

onLinux('one that ignores the soft signal is killed after `grace`', async (t) => {
  const seconds = uniqueSeconds();
  const script = `trap '' TERM; echo begun; while :; do sleep ${seconds}; done`;
  const error = await timeoutOf(
    runCommand('sh', ['-c', script], { timeout: SETTLED_MS, grace: 100 }),
  );
  t.is(error.stage, 'kill');
  t.is(error.endedBy, 'hard');
  t.is(error.signal, 'SIGKILL');
  t.is(error.stdout, 'begun\n');
  t.true(error.elapsed >= SETTLED_MS + 100);
  t.deepEqual(processesWith(seconds), []);
});

onLinux('`grace: 0` kills at the deadline', async (t) => {
  const error = await timeoutOf(runCommand('sleep', [uniqueSeconds()], { timeout: 50, grace: 0 }));
  t.is(error.stage, 'kill');
  t.is(error.signal, 'SIGKILL');
});

onLinux('one that ends itself well at the soft signal has timed out all the same', async (t) => {
  const script = `trap 'echo cleaned; exit 0' TERM; echo begun; while :; do sleep 0.01; done`;
  const error = await timeoutOf(
    runCommand('sh', ['-c', script], { timeout: SETTLED_MS, grace: ENOUGH_MS }),
  );
  t.is(error.stage, 'signal');
  t.is(error.exitCode, 0);
  t.is(error.stdout, 'begun\ncleaned\n');
});

onLinux('`killSignal` is what it is asked with', async (t) => {
  const error = await timeoutOf(
    runCommand('sleep', [uniqueSeconds()], { timeout: 50, killSignal: 'SIGINT' }),
  );
  t.is(error.signal, 'SIGINT');
});

onLinux('one that is stopped by SIGSTOP is woken, and ends', async (t) => {
  const error = await timeoutOf(
    runCommand('sh', ['-c', 'kill -STOP $$; exec sleep 1000'], {
      timeout: SETTLED_MS,
      grace: ENOUGH_MS,
    }),
  );
  t.is(error.stage, 'signal');
});

onLinux('descendants die as well: of a shell, of another session, without a parent', async (t) => {
  const seconds = uniqueSeconds();
  const script = [
    `sleep ${seconds} &`,
    `setsid sleep ${seconds} &`,
    `(setsid sh -c 'sleep ${seconds} & setsid sleep ${seconds} &' &)`,
    `(sleep ${seconds} &)`,
    `echo begun; wait; sleep ${seconds}`,
  ].join('\n');
  const scope = new Timeout(2 * ENOUGH_MS);
  const running = failureOf(
    scope.run(async () => {
      await runCommand('sh', ['-c', script], { timeout: ENOUGH_MS, grace: ENOUGH_MS });
    }),
  );
  await waitForCondition('five sleepers', () => processesWith(seconds).length === 5);
  scope.reschedule(10);
  const error = await running;
  t.true((error as TimeoutError).stopped);
  t.deepEqual(processesWith(seconds), []);
});

onLinux('a fork storm leaves no survivor', async (t) => {
  const seconds = uniqueSeconds();
  // Each child starts another one, and dies: the tree is never the same twice.
  const storm = `trap '' TERM; i=0; while [ $i -lt 400 ]; do (sleep 0.2; exec sleep ${seconds}) & i=$((i+1)); done; wait`;
  const error = await timeoutOf(runCommand('sh', ['-c', storm], { timeout: 300, grace: 50 }));
  t.true(error.stopped);
  await delay(500);
  t.deepEqual(processesWith(seconds), []);
});

onLinux('`killTree: false` ends the process alone', async (t) => {
  const seconds = uniqueSeconds();
  const error = await timeoutOf(
    runCommand('sh', ['-c', `sleep ${seconds} >/dev/null 2>&1 & echo begun; wait`], {
      timeout: SETTLED_MS,
      killTree: false,
    }),
  );
  t.is(error.signal, 'SIGTERM');
  const [left = 0, ...more] = processesWith(seconds);
  t.deepEqual(more, []);
  t.true(left > 0);
  process.kill(left, 'SIGKILL');
});

onLinux('who holds the output open is ended with the tree at the deadline', async (t) => {
  const seconds = uniqueSeconds();
  const error = await timeoutOf(
    runCommand('sh', ['-c', `sleep ${seconds} & echo done`], {
      timeout: SETTLED_MS,
      grace: ENOUGH_MS,
    }),
  );
  t.is(error.exitCode, 0);
  t.is(error.stdout, 'done\n');
  t.false(error.outputIncomplete);
  t.deepEqual(processesWith(seconds), []);
});

onLinux(
  'who holds the output open after the end is waited for no longer than `grace`',
  async (t) => {
    const seconds = uniqueSeconds();
    const result = await runCommand('sh', ['-c', `sleep ${seconds} & echo done`], { grace: 200 });
    t.is(result.exitCode, 0);
    t.is(result.stdout, 'done\n');
    t.true(result.outputIncomplete);
    for (const pid of processesWith(seconds)) process.kill(pid, 'SIGKILL');
  },
);

onLinux('what a command leaves running without holding its output is let go', async (t) => {
  const seconds = uniqueSeconds();
  const result = await runCommand('sh', ['-c', `sleep ${seconds} >/dev/null 2>&1 & echo done`], {
    timeout: ENOUGH_MS,
  });
  t.false(result.outputIncomplete);
  const left = processesWith(seconds);
  t.is(left.length, 1);
  for (const pid of left) process.kill(pid, 'SIGKILL');
});

onLinux('an aborted `signal` ends the tree, and its reason is thrown', async (t) => {
  const seconds = uniqueSeconds();
  const controller = new AbortController();
  const running = failureOf(
    runCommand('sh', ['-c', `sleep ${seconds} & wait`], { signal: controller.signal }),
  );
  await waitForCondition('the sleeper', () => processesWith(seconds).length === 1);
  const reason = new Error('enough');
  controller.abort(reason);
  t.is(await running, reason);
  t.deepEqual(processesWith(seconds), []);
  t.is(await failureOf(runCommand('no-such-program', [], { signal: controller.signal })), reason);
});

onLinux('the deadline of a run around it ends it, and that run has really stopped', async (t) => {
  const seconds = uniqueSeconds();
  const scope = new Timeout(SETTLED_MS);
  const error = await failureOf(
    scope.run(async () => {
      await runCommand('sleep', [seconds], { timeout: ENOUGH_MS });
    }),
  );
  t.true(isTimeoutError(error));
  t.is((error as { scope?: unknown }).scope, scope);
  t.true((error as { stopped?: unknown }).stopped);
  t.deepEqual(processesWith(seconds), []);
});

onLinux('a run around it that is rescheduled or cancelled lets it go on', async (t) => {
  const result = await run(async (scope) => {
    const command = runCommand('sh', ['-c', 'sleep 1; echo done']);
    scope.reschedule(ENOUGH_MS);
    return await command;
  }, 500);
  t.is(result.stdout, 'done\n');
  const cancelled = await run(async (scope) => {
    const command = runCommand('sh', ['-c', 'sleep 1; echo done']);
    scope.cancel();
    return await command;
  }, 500);
  t.is(cancelled.stdout, 'done\n');
});

onLinux('while the event loop is blocked the end comes on time all the same', async (t) => {
  if (!capabilities().strategies.native.available) {
    t.pass('only with the addon');
    return;
  }
  const seconds = uniqueSeconds();
  const running = timeoutOf(runCommand('sleep', [seconds], { timeout: 200, grace: 0 }));
  const giveUpAt = performance.now() + ENOUGH_MS / 2;
  while (processesWith(seconds).length > 0 && performance.now() < giveUpAt);
  t.deepEqual(processesWith(seconds), []);
  const error = await running;
  t.true(error.stopped);
  t.true(error.elapsed >= 200);
});

onLinux(
  'one that ends just at its deadline has ended in time or timed out, never both',
  async (t) => {
    for (const grace of [0, ENOUGH_MS]) {
      for (let i = 0; i < 30; i++) {
        const outcome = await runCommand('sleep', ['0.03'], { timeout: 28 + i / 3, grace }).catch(
          (error: unknown) => error,
        );
        if (isTimeoutError(outcome)) {
          t.true(outcome.stopped);
          t.true(outcome.elapsed >= outcome.timeout);
        } else {
          t.like(outcome, { exitCode: 0, signal: undefined, timedOut: false, endedBy: 'itself' });
        }
      }
    }
  },
);

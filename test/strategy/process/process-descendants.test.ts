// What a task has started ends with it: children, their children, and those that tried to get away.
import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ava, { type ExecutionContext } from 'ava';
import {
  AMPLE,
  assertStopped,
  callOf,
  isAlive,
  isLinux,
  runOn,
  startHost,
} from '../../harness/process-host.js';
import { waitForCondition } from '../../harness/wait-for.js';

const test = isLinux ? ava.serial : ava.skip;

/** Shell programs that write their process id into the file that `$0` names, and stay. */
const escapees: Readonly<Record<string, string>> = {
  'a child': 'echo $$ > "$0"; exec sleep 600',
  'a grandchild': 'sh -c \'echo $$ > "$0"; exec sleep 600\' "$0" & wait',
  'one that ignores SIGTERM': 'trap "" TERM; echo $$ > "$0"; while :; do sleep 1; done',
  'one that called setsid': 'setsid sh -c \'echo $$ > "$0"; exec sleep 600\' "$0" & wait',
  'one that forked twice':
    '(setsid sh -c \'trap "" TERM; echo $$ > "$0"; exec sleep 600\' "$0" >/dev/null 2>&1 &) & exit 0',
};

async function pidFile(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hardstop-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'pid');
  writeFileSync(path, '');
  return path;
}

/** Starts the program, waits until it has left its number, then does what the call is for. */
function startAndGoOn(program: string, path: string, then: 'loop' | 'wait' | 'exit'): unknown {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { readFileSync } = process.getBuiltinModule('node:fs');
  spawn('/bin/sh', ['-c', program, path], { stdio: 'ignore' });
  const isWritten = (): boolean => readFileSync(path, 'utf8').endsWith('\n');
  if (then === 'loop') {
    for (;;);
  }
  return new Promise(() => {
    setInterval(() => {
      if (then === 'exit' && isWritten()) process.exit(3);
    }, 5);
  });
}

for (const [what, program] of Object.entries(escapees)) {
  test(`${what} is gone when a task was stopped that had started it`, async (t) => {
    const path = await pidFile(t);
    const host = await startHost(t);
    const call = host.run(callOf(startAndGoOn, { args: [program, path, 'loop'] }));
    const pid = await readPid(path);
    call.stop(performance.now() + 50);
    assertStopped(t, await call.outcome);
    t.false(isAlive(pid));
  });

  test(`${what} is gone when the deadline has struck`, async (t) => {
    const path = await pidFile(t);
    const host = await startHost(t);
    const call = host.run(
      callOf(startAndGoOn, { args: [program, path, 'wait'], timeout: AMPLE, grace: 200 }),
    );
    const pid = await readPid(path);
    const deadline = performance.now() + 20;
    call.moveDeadlines(deadline, deadline + 200);
    t.like(assertStopped(t, await call.outcome), { reason: 'deadline', stopped: true });
    t.false(isAlive(pid));
  });

  test(`${what} is gone when its process has ended by itself`, async (t) => {
    const path = await pidFile(t);
    const host = await startHost(t);
    const outcome = await runOn(host, startAndGoOn, { args: [program, path, 'exit'] });
    t.is(outcome.kind, 'died');
    t.false(isAlive(await readPid(path)));
  });
}

test('what a task has started is ended also where the task was stopped and its process lives on', async (t) => {
  const path = await pidFile(t);
  const host = await startHost(t);
  const call = host.run(
    callOf(
      (program: string, file: string) => {
        const { spawn } = process.getBuiltinModule('node:child_process');
        const child = spawn('/bin/sh', ['-c', program, file], { stdio: 'ignore', detached: true });
        child.unref();
        return new Promise((resolve) => {
          const timer = setInterval(() => 0, 1000);
          process.once('SIGTERM', () => {
            clearInterval(timer);
            resolve('told');
          });
        });
      },
      { args: [escapees['one that called setsid'], path], timeout: AMPLE, grace: AMPLE },
    ),
  );
  const pid = await readPid(path);
  const deadline = performance.now() + 20;
  call.moveDeadlines(deadline, deadline + AMPLE);
  t.like(assertStopped(t, await call.outcome), { reason: 'deadline', stage: 'signal' });
  t.false(isAlive(pid));
  t.true(isAlive(host.id));
});

async function readPid(path: string): Promise<number> {
  let text = '';
  await waitForCondition('the process number is there', async () => {
    text = await readFile(path, 'utf8');
    return text.endsWith('\n');
  });
  return Number(text);
}

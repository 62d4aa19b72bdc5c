// What happens to the process of a task when its owner dies.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import ava, { type ExecutionContext } from 'ava';
import { isLinux, waitForEnd } from '../../harness/process-host.js';
import { packageRoot } from '../../harness/package-root.js';

const test = isLinux ? ava.serial : ava.skip;

/** A loop that nothing inside its process stops, beside a child that has left its session and ignores SIGTERM. */
const STUCK = `() => {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { writeSync } = process.getBuiltinModule('node:fs');
  const child = spawn('/bin/sh', ['-c', 'trap "" TERM; echo $$; while :; do sleep 1; done'], { detached: true, stdio: ['ignore', 1, 'ignore'] });
  child.unref();
  writeSync(1, process.pid + '\\n');
  for (;;);
}`;

const ASYNC = `
  import { processHostKind } from '#internal/strategy/process/process-host.js';
  const host = processHostKind.start({});
  host.ref();
  await host.ready;
  const task = { kind: 'source', program: '(' + String(${STUCK}) + ')', form: 'function' };
  void host.run({ task, args: [], deadline: Infinity, hardDeadline: Infinity, cpuTimeout: Infinity }).outcome;`;

const SYNC = `
  import { prepareProcess, processStrategy } from '#internal/strategy/process/process-strategy.js';
  const task = { kind: 'source', program: '(' + String(${STUCK}) + ')', form: 'function' };
  const work = { task, args: [], options: {}, hasGrace: false };
  prepareProcess(work, Infinity);
  processStrategy.run(work, undefined, Infinity, Infinity, Infinity, Infinity);`;

async function dies(t: ExecutionContext, program: string, signal: NodeJS.Signals): Promise<void> {
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: packageRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => owner.kill('SIGKILL'));
  const exited = once(owner, 'exit');
  let text = '';
  for await (const chunk of owner.stdout.setEncoding('utf8')) {
    text += chunk as string;
    if (text.split('\n').length > 2) break;
  }
  const pids = text.trim().split('\n').map(Number);
  t.is(pids.length, 2, text);
  owner.kill(signal);
  const [, endedBy] = (await exited) as [number | null, NodeJS.Signals | null];
  t.is(endedBy, signal);
  await Promise.all(pids.map(waitForEnd));
}

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
  test(`${signal} to the owner of a stuck process ends that process and its descendants`, (t) =>
    dies(t, ASYNC, signal));
  test(`${signal} to the owner during a blocking call ends the owner, the process and its descendants`, (t) =>
    dies(t, SYNC, signal));
}

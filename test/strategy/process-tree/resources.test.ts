import test from 'ava';
import { nativeIsSwitchedOff } from '../../harness/process-tree.js';
import { repetitions } from '../../harness/repetitions.js';
import { runSource } from '../../harness/run-fixture.js';

const linuxTest = process.platform === 'linux' ? test.serial : test.serial.skip;
const nativeLinuxTest = nativeIsSwitchedOff() ? test.serial.skip : linuxTest;

const prelude = `
  import { spawn } from 'node:child_process';
  import { once } from 'node:events';
  import { readdirSync } from 'node:fs';
  import { listProcesses } from '#internal/strategy/process-tree/linux-processes.js';
  import { planTreeEnd } from '#internal/strategy/process-tree/plan-tree-end.js';
  import { newTreeMark } from '#internal/strategy/process-tree/tree-mark.js';
  import { stateOf } from './build/test/harness/process-tree.js';
  import { waitForCondition } from './build/test/harness/wait-for.js';
`;

// A multiple of what is under way at a time. The timers look at all processes for each end.
const count = 20 * repetitions(nativeIsSwitchedOff() ? 5 : 15);

linuxTest('many ends leave no descriptor, no zombie and no process', async (t) => {
  const child = await runSource(
    `${prelude}
    const descriptors = () => readdirSync('/proc/self/fd').length;
    let ends = 0;
    const endOne = async (i) => {
      const { mark, env } = newTreeMark();
      const root = spawn('sleep', ['1000'], { detached: true, env, stdio: 'ignore' });
      const exit = once(root, 'exit');
      const end = planTreeEnd(
        { pid: root.pid, mark, scope: 'tree' },
        { deadline: i % 3 === 0 ? performance.now() : Infinity, grace: i % 2 === 0 ? 0 : 60_000, signal: 'SIGTERM' },
      );
      if (i % 3 === 1) end.begin();
      if (i % 3 === 2) { root.kill(); await exit; end.rootEnded(i % 2 === 0); }
      const { survivors } = await end.report;
      if (survivors.length > 0) console.log('survivors', survivors);
      await exit;
      ends += 1;
    };
    const endSome = async (count) => {
      for (let done = 0; done < count; done += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, i) => endOne(i)));
      }
    };
    await endSome(20);
    const before = descriptors();
    await endSome(${String(count)});
    // Zombies are listed too.
    const children = listProcesses().filter(({ parent }) => parent === process.pid);
    console.log(ends, descriptors() - before, children.length);
  `,
    { timeoutMs: 55_000 },
  );
  t.is(child.stdout, `${String(count + 20)} 0 0\n`, child.stderr);
});

nativeLinuxTest('a tree ends on time while the event loop is blocked', async (t) => {
  const child = await runSource(`${prelude}
    const { mark, env } = newTreeMark();
    const script = "trap '' TERM; echo; while :; do sleep 0.01; done";
    const root = spawn('/bin/sh', ['-c', script], { detached: true, env, stdio: ['ignore', 'pipe', 'ignore'] });
    const exit = once(root, 'exit');
    // It has to be deaf before it is asked.
    await once(root.stdout, 'data');
    const start = performance.now();
    const end = planTreeEnd(
      { pid: root.pid, mark, scope: 'tree' },
      { deadline: start + 150, grace: 50, signal: 'SIGTERM' },
    );
    while (stateOf(root.pid) !== 'Z' && performance.now() < start + 20_000);
    const took = performance.now() - start;
    const state = stateOf(root.pid);
    const { step } = await end.report;
    await exit;
    console.log(step, state, took);`);
  const [step, state, took] = child.stdout.split(' ');
  // Dead, but the loop that would have reaped it was blocked.
  t.deepEqual([step, state], ['hard', 'Z'], child.stderr);
  t.true(Number(took) >= 200, child.stdout);
});

linuxTest(
  'an end that is under way keeps the process alive, one that is planned does not',
  async (t) => {
    const source = (deadline: string): string => `${prelude}
    const { mark, env } = newTreeMark();
    const root = spawn('/bin/sh', ['-c', "trap '' TERM; echo; sleep 1000; sleep 1000"], { detached: true, env, stdio: ['ignore', 'pipe', 'ignore'] });
    // It has to be deaf before it is asked.
    await once(root.stdout, 'data');
    root.stdout.destroy();
    root.unref();
    const end = planTreeEnd(
      { pid: root.pid, mark, scope: 'tree' },
      { deadline: ${deadline}, grace: 300, signal: 'SIGTERM' },
    );
    process.on('exit', () => { try { process.kill(-root.pid, 'SIGKILL'); } catch {} });
    ${deadline === 'Infinity' ? 'end.begin();' : ''}
    const { step } = await end.report;
    console.log(step);`;
    const begun = await runSource(source('Infinity'));
    t.is(begun.stdout, 'hard\n', begun.stderr);
    const planned = await runSource(source('performance.now() + 60_000'));
    // Node's code for a module that waits for what nobody will ever settle.
    t.like(planned, { code: 13, stdout: '', timedOut: false });
  },
);

linuxTest('a soft signal that is sent as soon as a program was started ends it', async (t) => {
  const child = await runSource(
    `${prelude}
    // It would be called in a child that had not yet become the program.
    process.on('SIGTERM', () => { console.log('ours'); });
    for (let count = 0; count < 100; count++) {
      const root = spawn('sleep', ['1000'], { stdio: ['ignore', 'inherit', 'inherit'] });
      const exit = once(root, 'exit');
      process.kill(root.pid, 'SIGTERM');
      const [code, signal] = await exit;
      if (signal !== 'SIGTERM') console.log(code, signal);
    }
    console.log('done');`,
    { timeoutMs: 60_000 },
  );
  t.is(child.stdout, 'done\n', child.stderr);
});

nativeLinuxTest('a worker that ends has its trees ended', async (t) => {
  const worker = `${prelude}
    import { parentPort } from 'node:worker_threads';
    const { mark, env } = newTreeMark();
    const root = spawn('sleep', ['1000'], { detached: true, env, stdio: 'ignore' });
    planTreeEnd({ pid: root.pid, mark, scope: 'tree' }, { deadline: Infinity, grace: 0, signal: 'SIGTERM' });
    parentPort.postMessage(root.pid);
    setInterval(() => {}, 1_000);`;
  const child = await runSource(`${prelude}
    import { Worker } from 'node:worker_threads';
    const worker = new Worker(${JSON.stringify(worker)}, { eval: true });
    const [pid] = await once(worker, 'message');
    await worker.terminate();
    await waitForCondition('it is dead', () => !/^[^ZX]/.test(stateOf(pid)));
    console.log('dead');`);
  t.is(child.stdout, 'dead\n', child.stderr);
});

import { runCommand, runCommandSync } from 'hardstop';
import { onLinux } from '../harness/command-test.js';
import {
  openDescriptors,
  processesWith,
  uniqueSeconds,
  zombies,
} from '../harness/live-processes.js';
import { runSource } from '../harness/run-fixture.js';
import { waitForCondition } from '../harness/wait-for.js';

onLinux('1,000 commands that cannot be started leave no descriptor', async (t) => {
  const fail = (): Promise<unknown> =>
    runCommand('no-such-program', [], { input: 'x' }).catch(() => undefined);
  await fail();
  const before = openDescriptors();
  for (let i = 0; i < 1_000; i++) await fail();
  await waitForCondition('the descriptors', () => openDescriptors().length <= before.length);
  t.deepEqual(openDescriptors(), before);
});

onLinux('1,000 commands leave no zombie, no descriptor and no process', async (t) => {
  const seconds = uniqueSeconds();
  const commands = [
    () => runCommand('true', [], { timeout: 60_000 }),
    () => runCommand('sh', ['-c', 'cat; exit 3'], { input: 'x' }),
    () => runCommand('sh', ['-c', `sleep ${seconds} & wait`], { timeout: 20, grace: 0 }),
    () => runCommand('sh', ['-c', `echo x; sleep ${seconds}`], { timeout: 10 }),
  ];
  const runOne = async (index: number): Promise<void> => {
    await commands[index % commands.length]?.().catch(() => undefined);
  };
  await runOne(0);
  const before = openDescriptors();
  for (let i = 0; i < 1_000; i += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, index) => runOne(i + index)));
  }
  await waitForCondition('the descriptors', () => openDescriptors().length <= before.length);
  t.deepEqual(openDescriptors(), before);
  t.deepEqual(zombies(), []);
  t.deepEqual(processesWith(seconds), []);
});

for (const [name, call] of [
  ['runCommand', 'runCommand'],
  ['runCommandSync', 'runCommandSync'],
] as const) {
  onLinux(`SIGKILL for the parent of a ${name} ends the tree`, async (t) => {
    const seconds = uniqueSeconds();
    const script = `setsid sleep ${seconds} & sleep ${seconds} & wait`;
    const source = `
      import { ${call} } from 'hardstop';
      const call = ${call}('sh', ['-c', ${JSON.stringify(script)}], {
        timeout: 60_000,
        stdio: ['ignore', 'ignore', 'ignore'],
      });
      await call;
    `;
    const parent = runSource(source);
    await waitForCondition('two sleepers', () => processesWith(seconds).length === 2, 20_000);
    const [pid = 0] = processesWith(`--input-type=module`);
    process.kill(pid, 'SIGKILL');
    t.is((await parent).signal, 'SIGKILL');
    await waitForCondition('their end', () => processesWith(seconds).length === 0);
  });
}

onLinux('a parent that ends leaves nothing of a command that still runs', async (t) => {
  const seconds = uniqueSeconds();
  const source = `
    import { runCommand } from 'hardstop';
    void runCommand('sleep', ['${seconds}'], { stdio: 'ignore' });
    setTimeout(() => process.exit(0), 300);
  `;
  t.is((await runSource(source)).code, 0);
  await waitForCondition('its end', () => processesWith(seconds).length === 0);
});

onLinux('the sync form leaves nothing either', (t) => {
  runCommandSync('true');
  const before = openDescriptors();
  for (let i = 0; i < 50; i++) runCommandSync('true');
  t.deepEqual(zombies(), []);
  t.true(openDescriptors().length <= before.length + 1);
});

onLinux('a worker that is terminated while it blocks leaves nothing of its command', async (t) => {
  const seconds = uniqueSeconds();
  const source = `
    import { Worker } from 'node:worker_threads';
    import { waitForCondition } from './build/test/harness/wait-for.js';
    import { processesWith } from './build/test/harness/live-processes.js';
    const script = "import { runCommandSync } from 'hardstop';"
      + "runCommandSync('sh', ['-c', 'setsid sleep ${seconds} & sleep ${seconds}'], { timeout: 600_000 });";
    const worker = new Worker(script, { eval: true });
    await waitForCondition('two sleepers', () => processesWith('${seconds}').length === 2, 20_000);
    await worker.terminate();
    await waitForCondition('their end', () => processesWith('${seconds}').length === 0);`;
  const child = await runSource(source);
  t.is(child.code, 0, child.stderr);
});

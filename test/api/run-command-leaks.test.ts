import { runCommandSync } from 'hardstop';
import {
  assertCommandsLeaveNothing,
  assertFailuresLeaveNothing,
} from '../harness/command-leaks.js';
import { onLinux } from '../harness/command-test.js';
import {
  openDescriptors,
  processesWith,
  uniqueSeconds,
  zombies,
} from '../harness/live-processes.js';
import { repetitions } from '../harness/repetitions.js';
import { runSource } from '../harness/run-fixture.js';
import { waitForCondition } from '../harness/wait-for.js';

onLinux('300 commands that cannot be started leave no descriptor', (t) =>
  assertFailuresLeaveNothing(t, repetitions(300)),
);

onLinux('300 commands leave no zombie, no descriptor and no process', (t) =>
  assertCommandsLeaveNothing(t, repetitions(300)),
);

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
    // Its argument tells it from all others.
    const name = `parent-${seconds}`;
    const parent = runSource(source, { args: [name] });
    await waitForCondition('two sleepers', () => processesWith(seconds).length === 2);
    const [pid] = processesWith(name);
    if (pid === undefined) throw new Error('The parent is not there');
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

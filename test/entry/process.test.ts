// What would start processes without end is refused.
import { pathToFileURL } from 'node:url';
import ava from 'ava';
import { fixturePath, runFixture, runSource } from '../harness/run-fixture.js';

const test = ava.serial;

test('a preloaded module that starts tasks starts no process from a process', async (t) => {
  const preload = pathToFileURL(fixturePath('process/preload')).href;
  const child = await runSource('', { nodeFlags: ['--import', preload], timeoutMs: 60_000 });
  t.false(child.timedOut);
  const lines = child.stdout.trim().split('\n');
  // This process's own come through; those that were made in the processes do not.
  t.true(lines.includes('true done done'), child.stdout + child.stderr);
  t.true(lines.length < 12, child.stdout);
  const inner = lines.filter((line) => line.startsWith('false'));
  t.true(inner.length > 0);
  t.true(inner.every((line) => line.includes('ERR_HARDSTOP_STRATEGY_UNAVAILABLE')));
});

test('a module that runs its own task while it is loaded is refused in its process', async (t) => {
  const child = await runFixture('process/starts-itself', { timeoutMs: 60_000 });
  t.false(child.timedOut);
  t.regex(child.stdout, /ERR_HARDSTOP_NOT_TRANSFERABLE/, child.stderr);
});

test("this process's own flags do not get in the way of its processes", async (t) => {
  const child = await runSource(
    `import { processHostKind } from '#internal/strategy/process/process-host.js';
     const host = processHostKind.start({});
     host.ref();
     await host.ready;
     const task = { kind: 'source', program: '(() => process.execArgv)', form: 'function' };
     const { value } = await host.run({ task, args: [], deadline: Infinity, hardDeadline: Infinity, cpuTimeout: Infinity }).outcome;
     console.log(JSON.stringify(value));
     await host.close();`,
    { nodeFlags: ['--inspect=0', '--no-warnings', '--conditions=one', '-C', 'two'] },
  );
  t.is(child.code, 0, child.stderr);
  const flags = JSON.parse(child.stdout) as string[];
  t.false(
    flags.some((flag) => /inspect|eval|input-type/.test(flag)),
    child.stdout,
  );
  t.true(flags.includes('--conditions=one') && flags.includes('two'), child.stdout);
});

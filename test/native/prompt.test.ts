import test from 'ava';
import { runFixture, runSource } from '../harness/run-fixture.js';

const withoutCure = { HARDSTOP_UNBLIND: '0' };

const describe = `
  import { capabilities } from 'hardstop';
  console.log(JSON.stringify(capabilities().prompt));
`;

test("import 'hardstop/prompt' sets the flag, once, and says so", async (t) => {
  const child = await runSource(
    `import 'hardstop/prompt'; await import(import.meta.resolve('hardstop/prompt') + '?again'); ${describe}`,
    { env: withoutCure },
  );
  t.is(child.code, 0, child.stderr);
  t.is(child.stderr, '');
  const prompt = JSON.parse(child.stdout) as { by: string; reason: string };
  t.is(prompt.by, 'flag');
  t.regex(prompt.reason, /--no-maglev/);
});

test('the flag can be given to Node itself', async (t) => {
  for (const flag of ['--no-maglev', '--no-concurrent-recompilation']) {
    const child = await runSource(describe, { env: withoutCure, nodeFlags: [flag] });
    t.is((JSON.parse(child.stdout) as { by: string }).by, 'flag', flag);
  }
});

test('the flag holds in workers', async (t) => {
  const child = await runSource(
    `import 'hardstop/prompt';
     import { Worker } from 'node:worker_threads';
     const source = "import('" + import.meta.resolve('hardstop') + "').then(({ capabilities }) => console.log(capabilities().prompt.by))";
     new Worker(source, { eval: true });`,
    { env: withoutCure },
  );
  t.is(child.stdout.trim(), 'flag', child.stderr);
});

test('with the flag alone usual warm loops are stopped promptly', async (t) => {
  // The bodies that are blind in all of their runs without it, 300 ms and more.
  const bodies = ['integer arithmetic', 'Date.now', 'typed array', 'try/catch'];
  const child = await runFixture('blind-loop/stop-loops', {
    args: ['2', '10', ...bodies],
    env: withoutCure,
    nodeFlags: ['--import', 'hardstop/prompt'],
  });
  t.is(child.code, 0, child.stderr);
  const stops = Object.values(
    JSON.parse(child.stdout) as Record<string, { late: number; busy: number }[]>,
  ).flat();
  const late = stops.map(({ late, busy }) => Math.min(late, busy)).sort((a, b) => a - b);
  // The median: a function can still be blind in the call in which the optimising compiler takes it up.
  t.true((late[late.length >> 1] ?? Infinity) < 100, child.stdout);
});

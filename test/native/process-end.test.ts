import test from 'ava';
import { nativeTest } from '../harness/native-test.js';
import { repetitions } from '../harness/repetitions.js';
import { runFixture, runSource, type FixtureResult } from '../harness/run-fixture.js';
import { strategies, testEachStrategy } from '../harness/strategies.js';

const prelude = (strategy: string): string => `
  import { runSync } from 'hardstop';
  const strategy = '${strategy}';
  const now = () => performance.now();
  const busy = (ms) => { for (const end = now() + ms; now() < end;); };
  const spin = () => { for (;;); };
  process.on('exit', (code) => { console.log('exit', code); });
`;

testEachStrategy(
  'process.exit() in a scope ends the process at once, with its code',
  async (t, strategy) => {
    const child = await runSource(`${prelude(strategy)}
    setInterval(() => {}, 1_000);
    runSync(() => { process.exit(7); }, { timeout: 60_000, strategy });
    console.log('never');`);
    t.like(child, { code: 7, signal: null, timedOut: false, stdout: 'exit 7\n' });
  },
);

testEachStrategy(
  "a deadline that strikes in an 'exit' handler does not swallow the exit",
  async (t, strategy) => {
    const child = await runSource(`${prelude(strategy)}
    process.on('exit', () => { busy(1_500); console.log('handler done'); });
    try { runSync(() => { process.exit(7); }, { timeout: 1_000, strategy }); } catch { console.log('swallowed'); }
    console.log('never');`);
    t.is(child.code, 7, child.stdout);
    t.notRegex(child.stdout, /swallowed|never/);
    // The timer of node:vm cannot be held off: there the handlers are cut, as the work is.
    if (strategy === 'native') t.is(child.stdout, 'exit 7\nhandler done\n');
  },
);

test("a scope that an 'exit' handler starts has its own limit", async (t) => {
  const child = await runSource(`${prelude('auto')}
    process.on('exit', () => {
      try { runSync(spin, 10); } catch (error) { console.log(error.name); }
    });
    process.on('exit', () => console.log('last handler'));
    runSync(() => process.exit(3), 60_000);`);
  t.like(child, { code: 3, stdout: 'exit 3\nTimeoutError\nlast handler\n' });
});

test('process.exitCode set by stopped work stays', async (t) => {
  const child = await runSource(`${prelude('auto')}
    try { runSync(() => { process.exitCode = 9; spin(); }, 1_000); } catch {}`);
  t.like(child, { code: 9, stdout: 'exit 9\n' });
});

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGUSR2', 12],
] as const) {
  testEachStrategy(
    `a ${signal} that comes while a scope runs is handled afterwards`,
    async (t, strategy) => {
      const child = await runSource(`${prelude(strategy)}
      process.on('${signal}', (name, number) => { console.log(name, number); process.exit(0); });
      setTimeout(() => {
        process.kill(process.pid, '${signal}');
        try { runSync(spin, { timeout: 20, strategy }); } catch (error) { console.log(error.name); }
      }, 1);
      setTimeout(() => process.exit(99), 20_000);`);
      t.like(
        child,
        { code: 0, stdout: `TimeoutError\n${signal} ${number}\nexit 0\n` },
        child.stderr,
      );
    },
  );
}

testEachStrategy(
  'a signal without a handler ends the process inside a scope',
  async (t, strategy) => {
    const child = await runSource(`${prelude(strategy)}
    setTimeout(() => {}, 20_000);
    runSync(() => { process.kill(process.pid, 'SIGTERM'); spin(); }, { timeout: 20_000, strategy });`);
    t.like(child, { code: null, signal: 'SIGTERM' });
  },
);

/** What a fixture printed as JSON. */
function reportOf(child: FixtureResult): Record<string, number> {
  return JSON.parse(child.stdout) as Record<string, number>;
}

testEachStrategy(
  'process.exit() in a worker at the very deadline is never swallowed',
  async (t, strategy) => {
    const runs = repetitions(strategy === 'native' ? 60 : 20);
    const child = await runFixture('native/exit-races', {
      args: ['exit', strategy, String(runs)],
      timeoutMs: 50_000,
    });
    t.is(child.code, 0, child.stderr);
    // Whenever the deadline strikes in time, the worker tries again.
    t.deepEqual(reportOf(child), { 5: runs });
  },
);

testEachStrategy(
  'worker.terminate() at any time of armed, firing and nested scopes ends the worker',
  async (t, strategy) => {
    const runs = repetitions(strategy === 'native' ? 60 : 20);
    const child = await runFixture('native/exit-races', {
      args: ['terminate', strategy, String(runs)],
      timeoutMs: 50_000,
    });
    t.is(child.code, 0, child.stderr);
    t.deepEqual(reportOf(child), { 1: runs });
  },
);

test('200 workers come and go, some while a scope is armed or firing', async (t) => {
  const workers = repetitions(200);
  const child = await runFixture('native/many-workers', {
    args: [String(workers), strategies()[0] ?? 'vm'],
    timeoutMs: 55_000,
  });
  t.is(child.code, 0, child.stderr);
  const { ended, threads, descriptors } = reportOf(child);
  t.is(ended, workers);
  if (process.platform === 'linux') {
    t.is(threads, 0, 'threads left behind');
    t.is(descriptors, 0, 'descriptors left behind');
  }
});

test('several workers have deadlines of their own at once', async (t) => {
  const child = await runFixture('native/many-deadlines', { args: ['4', '40'], timeoutMs: 50_000 });
  t.is(child.code, 0, child.stderr);
  t.like(reportOf(child), { early: 0, wrong: 0, stops: 160 });
});

nativeTest(
  'every way through the core, in the main thread and in workers that end, comes out right',
  async (t) => {
    const child = await runFixture('native/exercise', { timeoutMs: 55_000 });
    t.like(child, { code: 0, stdout: '', stderr: '' });
  },
);

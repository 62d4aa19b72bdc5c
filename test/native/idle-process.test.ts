import test, { type ExecutionContext } from 'ava';
import { nativeTest, nativeTestOn } from '../harness/native-test.js';
import { runFixture, runSource } from '../harness/run-fixture.js';
import { testEachStrategy } from '../harness/strategies.js';

const linuxTest = nativeTestOn(process.platform === 'linux');

// A process that waited for the watchdog would wait for ever, or for the deadline that it sleeps for: minutes.
const AT_ONCE_MS = 15_000;

test('a process that has loaded hardstop exits by itself', async (t) => {
  const child = await runSource(`import 'hardstop';`, { timeoutMs: AT_ONCE_MS });
  t.like(child, { code: 0, timedOut: false, stdout: '', stderr: '' });
});

testEachStrategy(
  'a process exits by itself after runs in time and after timeouts',
  async (t, strategy) => {
    const child = await runSource(
      `import { runSync } from 'hardstop';
     for (let i = 0; i < 10; i++) {
       runSync(() => i, { timeout: 600_000, strategy: '${strategy}' });
       try { runSync(() => { for (;;); }, { timeout: 2, strategy: '${strategy}' }); } catch {}
     }
     console.log(process.getActiveResourcesInfo().length);`,
      { timeoutMs: AT_ONCE_MS },
    );
    t.like(child, { code: 0, timedOut: false, stderr: '' });
    // What stands there on its own account: the pipe of the standard output, at most.
    t.true(Number(child.stdout) <= 1, child.stdout);
  },
);

/** Lists threads, descriptors and handles before hardstop is loaded, after it, and after use. */
const countSource = `
  import { readdirSync, readlinkSync } from 'node:fs';
  import { stat } from 'node:fs/promises';
  const targets = () => readdirSync('/proc/self/fd')
    .map((number) => '/proc/self/fd/' + number)
    // The one that has read the folder is gone by now.
    .map((descriptor) => { try { return readlinkSync(descriptor); } catch { return undefined; } })
    .filter((target) => target !== undefined)
    .map((target) => target.replace(/\\d+/g, ''))
    .sort();
  const count = () => ({
    threads: readdirSync('/proc/self/task').length,
    descriptors: targets(),
    // Loading a module is a request, not a handle.
    handles: process.getActiveResourcesInfo().filter((name) => !/Req|Timeout/.test(name)),
  });
  // What Node opens at first need is there already.
  await import('node:util');
  await Promise.all(Array.from({ length: 8 }, () => stat('.')));
  process.stdin;
  await new Promise((resolve) => setTimeout(resolve, 20));
  const before = count();
  const { runSync } = await import('hardstop');
  const loaded = count();
  for (let i = 0; i < 100_000; i++) runSync(() => i, 60_000);
  for (let i = 0; i < 50; i++) try { runSync(() => { for (;;); }, 0.5); } catch {}
  const used = count();
  console.log(JSON.stringify({ before, loaded, used }));
`;

interface Counts {
  readonly threads: number;
  readonly descriptors: readonly string[];
  readonly handles: readonly string[];
}

linuxTest('loading and using hardstop adds one thread and nothing else', async (t) => {
  const child = await runSource(countSource);
  t.is(child.code, 0, child.stderr);
  const { before, loaded, used } = JSON.parse(child.stdout) as Record<string, Counts>;
  t.is(used?.threads, (before?.threads ?? 0) + 1);
  t.deepEqual(used?.descriptors, before?.descriptors);
  t.deepEqual(used?.handles, before?.handles);
  t.true((loaded?.threads ?? 0) <= (used?.threads ?? 0));
});

linuxTest('workers share the one watchdog thread', async (t) => {
  const child = await runSource(`
    import { readdirSync, readFileSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    import { runSync } from 'hardstop';
    runSync(() => 1, 60_000);
    const code = \`
      import { parentPort } from 'node:worker_threads';
      import { runSync } from 'hardstop';
      runSync(() => 1, 60_000);
      parentPort.once('message', () => {});
      parentPort.postMessage('ready');\`;
    const url = new URL('data:text/javascript,' + encodeURIComponent(
      code.replace("'hardstop'", JSON.stringify(import.meta.resolve('hardstop')))));
    const workers = Array.from({ length: 4 }, () => new Worker(url));
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
    const watchdogs = () => readdirSync('/proc/self/task')
      .map((task) => readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim())
      .filter((name) => name === 'hardstop').length;
    // A thread names itself once it runs.
    while (watchdogs() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    console.log(watchdogs());
    for (const worker of workers) worker.postMessage('end');`);
  t.is(child.code, 0, child.stderr);
  t.is(child.stdout, '1\n');
});

/** Runs test/fixtures/native/repeat.ts and checks that nothing has grown. */
async function assertFlat(t: ExecutionContext, mode: string, count: number): Promise<void> {
  const child = await runFixture('native/repeat', {
    args: [mode, String(count)],
    nodeFlags: ['--expose-gc'],
    timeoutMs: 55_000,
  });
  t.is(child.code, 0, child.stderr);
  const growth = JSON.parse(child.stdout) as Record<string, number>;
  t.like(growth, { threads: 0, descriptors: 0, handles: 0 });
  // After a collection; what code the engine compiles meanwhile stays well below.
  t.true((growth['heapUsed'] ?? NaN) < 2e6, child.stdout);
  // AddressSanitizer keeps freed memory for a while, and reports leaks itself.
  if (process.env['HARDSTOP_TEST_SANITIZER'] !== undefined) return;
  // The young generation grows in steps of some MB for a while; a leak would go on, which the soak test sees.
  t.true((growth['rss'] ?? NaN) < 64e6, child.stdout);
}

nativeTest('2,000,000 runs in time leave nothing behind', (t) =>
  assertFlat(t, 'in-time', 2_000_000),
);
nativeTest('3,000 timeouts leave nothing behind', (t) => assertFlat(t, 'timeouts', 3_000));
nativeTest('300,000 runs that throw leave nothing behind', (t) => assertFlat(t, 'throws', 300_000));
nativeTest('300,000 nested runs leave nothing behind', (t) => assertFlat(t, 'nested', 300_000));

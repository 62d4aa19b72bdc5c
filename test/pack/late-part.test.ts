import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { nativeTest } from '../harness/native-test.js';
import { packageRoot } from '../harness/package-root.js';
import { strategies } from '../harness/strategies.js';

const IMPORT = "import { createPool, runInWorkerSync, runSync } from 'hardstop';";

nativeTest('what takes long to load waits for the first task elsewhere or command', async (t) => {
  const list = `console.log(process.moduleLoadList.filter((name) => /(?:worker_threads|child_process|stream)$/.test(name)).join());`;
  // What Node itself has loaded does not count.
  const before = (await outputOf(t, list)).split(',');
  const after = (await outputOf(t, `${IMPORT} ${list}`)).split(',');
  t.deepEqual(
    after.filter((name) => !before.includes(name)),
    [],
  );
});

for (const strategy of strategies()) {
  test(`a limit that strikes while the rest is being loaded does not break it [${strategy}]`, async (t) => {
    for (const timeout of [0.05, 0.5, 1, 2, 4, 8]) {
      const limited = `runSync(work, { timeout: ${timeout}, strategy: '${strategy}' });`;
      await stopWhileLoading(t, limited);
    }
  });
}

// It cannot be held off, and what it cuts of Node's own modules stays broken: those are there already.
test("nor does a vm timeout of somebody else's", async (t) => {
  const imports = ['worker_threads', 'child_process', 'stream'].map(
    (name) => `import 'node:${name}';`,
  );
  for (const timeout of [1, 2, 3, 4, 6, 8]) {
    const limited = `globalThis.work = work; new vm.Script('work()').runInThisContext({ timeout: ${timeout} });`;
    await stopWhileLoading(t, limited, `import vm from 'node:vm'; ${imports.join('')}`);
  }
});

async function stopWhileLoading(t: ExecutionContext, limited: string, imports = ''): Promise<void> {
  const source = `${IMPORT} ${imports}
    const work = () => { createPool({ kind: 'worker', size: 1 }); for (;;); };
    try { ${limited} } catch {}
    console.log(runInWorkerSync(() => 7, { timeout: 60_000 }));`;
  t.is(await outputOf(t, source), '7', limited);
}

async function outputOf(t: ExecutionContext, source: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', source],
    { cwd: packageRoot, timeout: 60_000, killSignal: 'SIGKILL' },
  );
  t.is(stderr, '');
  return stdout.trim();
}

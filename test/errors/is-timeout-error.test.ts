import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import type * as hardstop from 'hardstop';
import { isTimeoutError, runSync, TimeoutError } from 'hardstop';
import { packageRoot } from '../harness/package-root.js';
import { testEachStrategy } from '../harness/strategies.js';
import { timeoutOf } from '../harness/outcome.js';
import { loopForever } from '../harness/work.js';

testEachStrategy('a TimeoutError is one', (t, strategy) => {
  t.true(isTimeoutError(timeoutOf(t, () => runSync(loopForever, { timeout: 1, strategy }))));
});

class Mine extends TimeoutError {}

test('a subclass is one', (t) => {
  const fields = {
    timeout: 1,
    elapsed: 1,
    clock: 'wall',
    strategy: 'vm',
    stage: 'late',
    stopped: true,
  } as const;
  t.true(isTimeoutError(new Mine(fields)));
});

const others: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a string', 'ERR_HARDSTOP_TIMEOUT'],
  ['an error', new Error('Timed out after 5 ms')],
  ["the DOM's TimeoutError", new DOMException('late', 'TimeoutError')],
  [
    'an error of node:vm',
    Object.assign(new Error('late'), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' }),
  ],
  ['an error with that name', Object.assign(new Error('late'), { name: 'TimeoutError' })],
  [
    'an object whose code throws',
    {
      get code(): never {
        throw new Error('hostile');
      },
    },
  ],
  [
    'a hostile proxy',
    new Proxy(
      {},
      {
        get() {
          throw new Error('hostile');
        },
      },
    ),
  ],
];
for (const [what, value] of others) {
  test(`${what} is none, and asking does not throw`, (t) => {
    t.false(isTimeoutError(value));
  });
}

test('one that is thrown in another realm is one', (t) => {
  const context = vm.createContext({ runSync });
  const error: unknown = vm.runInContext(
    'try { runSync(() => { for (;;); }, 5); } catch (error) { error; }',
    context,
  );
  t.true(isTimeoutError(error));
  t.true(error instanceof TimeoutError);
  const foreign: unknown = vm.runInContext(
    "Object.assign(new Error('late'), { code: 'ERR_HARDSTOP_TIMEOUT' })",
    context,
  );
  t.false(foreign instanceof Error);
  t.true(isTimeoutError(foreign));
});

/** The package as another one of its version would be installed. */
function installedCopy(): { readonly folder: string; readonly index: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-copy-'));
  for (const name of ['package.json', 'dist', 'prebuilds', 'build/Release']) {
    const from = join(packageRoot, name);
    // A binary that was built here goes before the prebuilt one; mostly there is none.
    if (existsSync(from)) cpSync(from, join(folder, name), { recursive: true });
  }
  const dependency = createRequire(import.meta.url).resolve('node-gyp-build/package.json');
  symlinkSync(dirname(dirname(dependency)), join(folder, 'node_modules'), 'dir');
  return { folder, index: join(folder, 'dist', 'bundle', 'main', 'index.js') };
}

test('one of another installed copy is one, and the two copies work inside each other', async (t) => {
  const { folder, index } = installedCopy();
  try {
    const copy = (await import(pathToFileURL(index).href)) as typeof hardstop;
    t.not(copy.TimeoutError, TimeoutError);
    const error = t.throws(() => copy.runSync(loopForever, 5));
    t.false(error instanceof TimeoutError);
    t.true(isTimeoutError(error));
    t.true(copy.isTimeoutError(timeoutOf(t, () => runSync(loopForever, 5))));

    const inner = t.throws(() => runSync(() => copy.runSync(loopForever, 5), 60_000));
    t.true(inner instanceof copy.TimeoutError);
    const outer = t.throws(() => runSync(() => copy.runSync(loopForever, 60_000), 5));
    t.true(outer instanceof TimeoutError);
    t.is(copy.currentScope(), undefined);
    t.is(
      copy.runSync(() => 'still works', 60_000),
      'still works',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('one that was sent by runInWorkerSync or asyncRaise keeps its class', async (t) => {
  // A plain postMessage keeps name, message, stack and cause of an error only: that is what structured clone does.
  const { toTransferable, fromTransferable } = await import('#internal/errors/transfer.js');
  const error = timeoutOf(t, () => runSync(loopForever, 5));
  const sent = structuredClone(toTransferable(error));
  const received = fromTransferable(sent);
  t.true(isTimeoutError(received));
  // Its own class, in the copy of the modules that this test has imported from.
  const { TimeoutError: OwnTimeoutError } = await import('#internal/errors/timeout-error.js');
  t.true(received instanceof OwnTimeoutError);
});

test('a thread can send one as plain fields', async (t) => {
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { runSync } = await import(workerData);
    try { runSync(() => { for (;;); }, 5); } catch (error) { parentPort.postMessage({ ...error }); }
  `;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const worker = new Worker(url, { workerData: import.meta.resolve('hardstop') });
  const message = await new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
  await worker.terminate();
  t.true(isTimeoutError(message));
});

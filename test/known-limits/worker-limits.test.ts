// What a worker thread cannot be stopped in before it returns: these tests assert today's limits. When one starts failing,
// hardstop can promise more. Documented in docs/strategies.md; a process can be killed in all of it.
import test from 'ava';
import { runInWorkerSync, TimeoutError } from 'hardstop';
import { runSource } from '../harness/run-fixture.js';

const TIMEOUT = 20;
const AMPLE = 60_000;
/** From the first amount of work, which may be too small for this machine, to one that is far too much. */
const MOST_DOUBLINGS = 14;

/** What is measured is put together in the worker before: that takes time of its own. */
interface Prepared {
  work?: () => unknown;
}

const limits: Readonly<Record<string, readonly [(amount: number) => void, number]>> = {
  'JSON.parse of a huge text': [
    (amount) => {
      const json = `[${'[1,2,3],'.repeat(amount)}0]`;
      (globalThis as Prepared).work = () => JSON.parse(json) as unknown;
    },
    500_000,
  ],
  'sort without a comparator': [
    (amount) => {
      const values = Array.from({ length: amount }, (_, i) => (i * 7919) % 1_000_003);
      (globalThis as Prepared).work = () => values.slice().sort();
    },
    100_000,
  ],
  'Float64Array.prototype.sort': [
    (amount) => {
      const values = Float64Array.from({ length: amount }, (_, i) => (i * 7919) % 1_000_003);
      (globalThis as Prepared).work = () => values.slice().sort();
    },
    1_000_000,
  ],
  'String.prototype.split of a huge text': [
    (amount) => {
      const long = 'a,b'.repeat(amount);
      (globalThis as Prepared).work = () => long.split(',');
    },
    1_000_000,
  ],
  'crypto.pbkdf2Sync': [
    (amount) => {
      const { pbkdf2Sync } = process.getBuiltinModule('node:crypto');
      (globalThis as Prepared).work = () => pbkdf2Sync('password', 'salt', amount, 64, 'sha512');
    },
    100_000,
  ],
  'zlib.gzipSync into one chunk': [
    (amount) => {
      const bytes = process.getBuiltinModule('node:crypto').randomBytes(amount);
      const { gzipSync } = process.getBuiltinModule('node:zlib');
      (globalThis as Prepared).work = () => gzipSync(bytes, { chunkSize: 2 * amount });
    },
    2_000_000,
  ],
  'child_process.execFileSync': [
    (amount) => {
      const { execFileSync } = process.getBuiltinModule('node:child_process');
      (globalThis as Prepared).work = () =>
        execFileSync(process.execPath, ['-e', `setTimeout(() => {}, ${String(amount)})`]);
    },
    300,
  ],
};

for (const [name, [prepare, start]] of Object.entries(limits)) {
  test.serial(`a worker is not stopped before it returns: ${name}`, (t) => {
    let stage = '';
    let doubling = 0;
    for (let tries = 0; stage !== 'abandoned' && tries < 50; tries++) {
      // Too little work came to its end; on a crowded machine it may also not have begun in time.
      if (stage !== 'refused' && tries > 0 && doubling < MOST_DOUBLINGS) doubling++;
      runInWorkerSync(prepare, { args: [start * 2 ** doubling], timeout: AMPLE });
      stage = stageOf(() =>
        runInWorkerSync(() => (globalThis as Prepared).work?.(), { timeout: TIMEOUT }),
      );
    }
    t.is(stage, 'abandoned');
  });
}

/** How far a call had to go; empty where it returned in time. */
function stageOf(call: () => unknown): string {
  try {
    call();
    return '';
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    if (error.stage === 'abandoned' && error.stopped) throw error;
    return error.stage;
  }
}

test('a thread that is given up keeps the process from its exit until its call returns', async (t) => {
  const { stdout, code } = await runSource(`
    import { runInWorkerSync } from 'hardstop';
    const task = () => process.getBuiltinModule('node:child_process').execSync('sleep 2');
    runInWorkerSync(() => 1, 60_000);
    let stage, startedAt;
    // On a crowded machine it may begin too late: not every time.
    for (let again = 0; stage !== 'abandoned' && again < 50; again++) {
      startedAt = performance.now();
      try { runInWorkerSync(task, 20); } catch (error) { ({ stage } = error); }
    }
    console.log(stage);
    process.on('exit', () => console.log('given up after', performance.now() - startedAt < 1_900));
  `);
  t.is(code, 0);
  t.is(stdout, 'abandoned\ngiven up after true\n');
});

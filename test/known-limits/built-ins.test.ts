// What the engine cannot be stopped in before it returns: these tests assert today's limit. When one starts failing,
// hardstop can promise more. Documented in docs/strategies.md.
import { execFileSync } from 'node:child_process';
import { pbkdf2Sync, randomFillSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { runSync, TimeoutError } from 'hardstop';
import { runSource } from '../harness/run-fixture.js';
import { nativeTestOn } from '../harness/native-test.js';
import { testEachStrategy, type InThreadStrategy } from '../harness/strategies.js';
import { REACHABLE } from '../harness/work.js';
import { waitForCondition } from '../harness/wait-for.js';

const TIMEOUT = 20;
/** By how much the limit has to be overrun to be called one. */
const FACTOR = 3;
/** From the first amount of work, which is too small on any machine, to one that is far too much. */
const MOST_DOUBLINGS = 16;

const text = (length: number): string => `[${'[1,2,3],'.repeat(length / 8)}0]`;

interface Limit {
  readonly prepare: (amount: number) => () => unknown;
  readonly start: number;
}

const limits: Readonly<Record<string, Limit>> = {
  'JSON.parse of a huge text': {
    prepare: (amount) => {
      const json = text(amount);
      return () => JSON.parse(json) as unknown;
    },
    start: 1e6,
  },
  'sort without a comparator': {
    prepare: (amount) => {
      const values = Array.from({ length: amount }, (_, i) => (i * 7919) % 1_000_003);
      return () => values.slice().sort();
    },
    start: 20_000,
  },
  'Float64Array.prototype.sort': {
    prepare: (amount) => {
      const values = Float64Array.from({ length: amount }, (_, i) => (i * 7919) % 1_000_003);
      return () => values.slice().sort();
    },
    start: 100_000,
  },
  'Array.prototype.fill on what only looks like an array': {
    prepare: (amount) => () => Array.prototype.fill.call({ length: amount }, 0),
    start: 50_000,
  },
  'Array.prototype.forEach over a huge, empty length': {
    prepare: (amount) => () => {
      Array.prototype.forEach.call({ length: amount }, () => undefined);
    },
    start: 50_000,
  },
  'String.prototype.split of a huge text': {
    prepare: (amount) => {
      const long = 'a,b'.repeat(amount);
      return () => long.split(',');
    },
    start: 200_000,
  },
  'crypto.pbkdf2Sync': {
    prepare: (amount) => () => pbkdf2Sync('password', 'salt', amount, 64, 'sha512'),
    start: 20_000,
  },
  // Into chunks of the usual size it is stopped between two of them.
  'zlib.gzipSync into one chunk': {
    prepare: (amount) => {
      const bytes = randomFillSync(Buffer.alloc(amount));
      return () => gzipSync(bytes, { chunkSize: 2 * amount });
    },
    start: 200_000,
  },
  'child_process.execFileSync': {
    prepare: (amount) => () =>
      execFileSync(process.execPath, ['-e', `setTimeout(() => {}, ${amount})`]),
    start: 10,
  },
};

/** The first timeout that overruns the limit by the factor, of ever more work; else the last one. */
function overrun({ prepare, start }: Limit, strategy: InThreadStrategy): TimeoutError | undefined {
  let last: TimeoutError | undefined;
  for (let doubling = 0; doubling < MOST_DOUBLINGS; doubling++) {
    const work = prepare(start * 2 ** doubling);
    try {
      runSync(() => void work(), { timeout: TIMEOUT, strategy });
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      last = error;
      if (error.elapsed >= FACTOR * TIMEOUT) break;
    }
  }
  return last;
}

for (const [name, limit] of Object.entries(limits)) {
  testEachStrategy(
    `${name} is not stopped before it returns, and is a timeout then`,
    (t, strategy) => {
      const error = overrun(limit, strategy);
      t.true((error?.elapsed ?? 0) >= FACTOR * TIMEOUT, 'it is stopped in time: promise more');
      t.true(error?.stopped);
      // Late where the work came to its end, else stopped right behind the built-in.
      t.regex(error?.stage ?? '', /^(?:late|interrupt|terminate)$/);
    },
  );
}

test('promises that the work leaves behind are not stopped', async (t) => {
  let turns = 0;
  t.is(
    runSync(() => {
      const turn = (): void => {
        if (++turns < 1_000) void Promise.resolve().then(turn);
      };
      turn();
      return 'returned';
    }, REACHABLE),
    'returned',
  );
  t.is(turns, 1);
  const end = performance.now() + REACHABLE + TIMEOUT;
  while (performance.now() < end);
  await new Promise((resolve) => setImmediate(resolve));
  t.is(turns, 1_000);
});

test('ticks and timers that the work leaves behind are not stopped', async (t) => {
  const ran: string[] = [];
  t.throws(
    () =>
      runSync(() => {
        process.nextTick(() => ran.push('tick'));
        setTimeout(() => ran.push('timer'), REACHABLE + TIMEOUT);
        for (;;);
      }, REACHABLE),
    { instanceOf: TimeoutError },
  );
  await waitForCondition('the timer rings', () => ran.includes('timer'));
  t.deepEqual(ran, ['tick', 'timer']);
});

const unixTest = nativeTestOn(process.platform !== 'win32');

const fifo = `
  import { execFileSync, spawn } from 'node:child_process';
  import { constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
  import { tmpdir } from 'node:os';
  import { join } from 'node:path';
  import { runSync } from 'hardstop';
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
`;

// libuv tries every call but read and close again when a signal interrupts it.
unixTest('opening a FIFO that nobody writes to is not stopped', async (t) => {
  const child = await runSource(
    `${fifo}
     spawn('sh', ['-c', 'sleep 10; rm -r "$0"', folder], { stdio: 'ignore', detached: true }).unref();
     console.log('opening');
     try { runSync(() => openSync(path, 'r'), 500); } catch (error) { console.log(error.name); }`,
    { timeoutMs: 5_000 },
  );
  t.true(child.timedOut);
  t.is(child.stdout, 'opening\n');
});

unixTest('a write to a full pipe is not stopped', async (t) => {
  const child = await runSource(
    `${fifo}
     const pipe = openSync(path, constants.O_RDWR);
     rmSync(folder, { recursive: true });
     console.log('writing');
     try { runSync(() => { for (;;) writeSync(pipe, Buffer.alloc(65536)); }, 500); } catch (error) { console.log(error.name); }`,
    { timeoutMs: 5_000 },
  );
  t.true(child.timedOut);
  t.is(child.stdout, 'writing\n');
});

// What no thread can be stopped in is ended on time in a process: the table of docs/strategies.md, right-hand column.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ava, { type ExecutionContext } from 'ava';
import {
  assertStopped,
  callOf,
  isAlive,
  processesLike,
  isLinux,
  runOn,
  startHost,
  stoppedAt,
} from '../harness/process-host.js';

const test = ava.serial;
const unixTest = process.platform === 'win32' ? ava.skip : test;

interface Limit {
  /** Run before the clock starts; leaves what it has made in `globalThis.prepared`. */
  readonly prepare: (amount: number) => void;
  /** Far too much work for the limit. */
  readonly work: (prepared: never) => unknown;
  readonly amount: number;
}

const limits: Readonly<Record<string, Limit>> = {
  'sort of 3 million numbers without a comparator': {
    amount: 3e6,
    prepare: (amount) => {
      const values = Array.from({ length: amount }, (_, i) => (i * 7919) % 1_000_003);
      Object.assign(globalThis, { prepared: values });
    },
    work: () => (globalThis as unknown as { prepared: number[] }).prepared.sort(),
  },
  'crypto.pbkdf2Sync': {
    amount: 2 ** 31 - 1,
    prepare: (amount) => {
      Object.assign(globalThis, { prepared: amount });
    },
    work: () => {
      const { pbkdf2Sync } = process.getBuiltinModule('node:crypto');
      const { prepared } = globalThis as unknown as { prepared: number };
      return pbkdf2Sync('password', 'salt', prepared, 64, 'sha512');
    },
  },
  'JSON.parse of 100 MB': {
    amount: 100e6,
    prepare: (amount) => {
      const text = `[${'[1,2,3],'.repeat(amount / 8)}0]`;
      Object.assign(globalThis, { prepared: text });
    },
    work: () => JSON.parse((globalThis as unknown as { prepared: string }).prepared) as unknown,
  },
  'Array.prototype.fill on what only looks like an array': {
    amount: 2 ** 53 - 1,
    prepare: (amount) => {
      Object.assign(globalThis, { prepared: { length: amount } });
    },
    work: () =>
      Array.prototype.fill.call((globalThis as unknown as { prepared: unknown[] }).prepared, 0),
  },
};

async function endsOnTime(
  t: ExecutionContext,
  limit: Limit,
  grace: number,
  again = 0,
): Promise<void> {
  const host = await startHost(t);
  const prepared = await runOn(host, limit.prepare, { args: [limit.amount] });
  t.is(prepared.kind, 'returned');
  const call = callOf(limit.work, { timeout: 100, grace });
  const outcome = assertStopped(t, await host.run(call).outcome);
  if (outcome.stage !== 'kill' && again < 20) {
    // The machine was too busy for it to get into the built-in in time.
    await host.terminate();
    return endsOnTime(t, limit, grace, again + 1);
  }
  t.like(outcome, { reason: 'deadline', stage: 'kill', stopped: true });
  t.true(outcome.endedAt >= call.hardDeadline);
  t.false(isAlive(host.id));
}

for (const [name, limit] of Object.entries(limits)) {
  test(`${name} is ended at the deadline in a process`, (t) => endsOnTime(t, limit, 0));
  test(`${name} is ended at the deadline and grace in a process`, (t) => endsOnTime(t, limit, 30));
}

function makeFifo(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  return fifo;
}

unixTest('opening a FIFO that nobody writes to is ended in a process', async (t) => {
  const fifo = makeFifo(t);
  const { host, outcome } = await stoppedAt(t, 'kill', () =>
    callOf((path: string) => process.getBuiltinModule('node:fs').openSync(path, 'r'), {
      args: [fifo],
      timeout: 200,
      grace: 50,
    }),
  );
  t.like(outcome, { reason: 'deadline', stage: 'kill', stopped: true });
  t.false(isAlive(host.id));
});

unixTest('a write to a full pipe is ended in a process', async (t) => {
  const fifo = makeFifo(t);
  const { host, outcome } = await stoppedAt(t, 'kill', () =>
    callOf(
      (path: string) => {
        const { constants, openSync, writeSync } = process.getBuiltinModule('node:fs');
        const pipe = openSync(path, constants.O_RDWR);
        for (;;) writeSync(pipe, Buffer.alloc(65_536));
      },
      { args: [fifo], timeout: 200, grace: 50 },
    ),
  );
  t.like(outcome, { reason: 'deadline', stage: 'kill', stopped: true });
  t.false(isAlive(host.id));
});

for (const grace of [0, 100]) {
  unixTest(
    `execSync('sleep') is ended with a grace of ${String(grace)} in a process, and so is the program`,
    async (t) => {
      const host = await startHost(t);
      // A length that no other test waits for.
      const seconds = `30.${String(process.pid)}${String(grace)}`;
      const call = callOf(
        (length: string) =>
          process.getBuiltinModule('node:child_process').execSync(`sleep ${length}; true`),
        { args: [seconds], timeout: 200, grace },
      );
      const outcome = assertStopped(t, await host.run(call).outcome);
      t.like(outcome, { reason: 'deadline', stopped: true });
      t.true(outcome.endedAt >= call.deadline);
      if (isLinux) t.deepEqual(processesLike(seconds), []);
    },
  );
}

test("a typed array that comes from a process is a view of the channel's memory", async (t) => {
  const host = await startHost(t);
  const outcome = await host.run(callOf(() => new Uint8Array([1, 2]), { timeout: 60_000 })).outcome;
  const value = (outcome as { readonly value?: unknown }).value as Uint8Array;
  t.deepEqual([...value], [1, 2]);
  // By structured clone it would be 2.
  t.true(value.buffer.byteLength > value.byteLength);
});

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import type {
  AheadOwner,
  CallOutcome,
  Host,
  RunningCall,
  TaskCall,
} from '#internal/strategy/isolation/host.js';
import { transferableTask } from '#internal/strategy/isolation/transferable-task.js';
import { nativeRefusal } from '#internal/strategy/native-strategy.js';
import { workerHostKind } from '#internal/strategy/worker/worker-host.js';
import { WorkerExitError } from '#internal/errors/worker-exit-error.js';
import { waitForCondition } from '../harness/wait-for.js';

// Calls that are sent to a worker while it runs another one. Limits strike here: one at a time.
const test = anyTest.serial;
const testWithAddon = nativeRefusal === undefined ? test : test.skip;

const AMPLE = 60_000;

type Source = (...args: never[]) => unknown;

async function readyHost(t: ExecutionContext): Promise<Host> {
  const host = workerHostKind.start({ resourceLimits: undefined, initializer: undefined });
  t.teardown(() => {
    void host.terminate();
  });
  host.ref();
  await host.ready;
  return host;
}

function call(task: Source, args: readonly unknown[] = [], rest: Partial<TaskCall> = {}): TaskCall {
  return {
    task: transferableTask(task),
    args,
    transfer: undefined,
    deadline: Infinity,
    hardDeadline: rest.deadline ?? Infinity,
    cpuTimeout: Infinity,
    name: undefined,
    onMessage: undefined,
    ...rest,
  };
}

interface Begun {
  readonly running: RunningCall;
  readonly startedAt: number;
}

interface Fate extends AheadOwner {
  readonly whenBegun: Promise<Begun>;
  readonly whenReturned: Promise<void>;
}

function fate(): Fate {
  let tellBegun: ((begun: Begun) => void) | undefined;
  let tellReturned: (() => void) | undefined;
  return {
    whenBegun: new Promise((resolve) => (tellBegun = resolve)),
    whenReturned: new Promise((resolve) => (tellReturned = resolve)),
    begun: (running, startedAt) => tellBegun?.({ running, startedAt }),
    returned: () => tellReturned?.(),
  };
}

function makeCells(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/** Tells by the second cell that it runs, and ends when the first one is set. */
const awaitCell = (cells: Int32Array): number => {
  Atomics.add(cells, 1, 1);
  Atomics.notify(cells, 1);
  Atomics.wait(cells, 0, 0);
  return performance.timeOrigin + performance.now();
};
const count = (cells: Int32Array): number => {
  const before = Atomics.add(cells, 1, 1);
  Atomics.notify(cells, 1);
  return before;
};
const forever = (cells: Int32Array): never => {
  Atomics.add(cells, 1, 1);
  for (;;);
};

function release(cells: Int32Array): void {
  Atomics.store(cells, 0, 1);
  Atomics.notify(cells, 0);
}

const isBegun = (cells: Int32Array) => (): boolean => Atomics.load(cells, 1) > 0;

/** Sends a call behind one that runs already. */
function sendAhead(
  t: ExecutionContext,
  host: Host,
  next: TaskCall,
  owner: AheadOwner,
): () => boolean {
  const ahead = host.runAhead?.(next, owner);
  t.truthy(ahead, 'the host takes a call ahead');
  return () => ahead?.takeBack() === true;
}

test('a worker begins the call that it has already, also while its owner is blocked', async (t) => {
  const host = await readyHost(t);
  const cells = makeCells();
  const counted = makeCells();
  const first = host.run(call(awaitCell, [cells]));
  await waitForCondition('the first runs', isBegun(cells));
  const owner = fate();
  sendAhead(t, host, call(count, [counted]), owner);
  release(cells);
  t.not(Atomics.wait(counted, 1, 0, AMPLE), 'timed-out');
  t.is((await first.outcome).kind, 'returned');
  const { running } = await owner.whenBegun;
  t.like(await running.outcome, { kind: 'returned', value: 0 });
  t.true(host.isFree);
});

test('before the call that runs has begun no other one is taken, nor is a third one', async (t) => {
  const host = await readyHost(t);
  const cells = makeCells();
  t.is(host.runAhead?.(call(count, [cells]), fate()), undefined);
  const first = host.run(call(awaitCell, [cells]));
  await waitForCondition('the first runs', isBegun(cells));
  const owner = fate();
  sendAhead(t, host, call(count, [cells]), owner);
  t.is(host.runAhead?.(call(count, [cells]), fate()), undefined);
  release(cells);
  await first.outcome;
  await (
    await owner.whenBegun
  ).running.outcome;
});

test('what was taken back is never run, and the worker serves on', async (t) => {
  const host = await readyHost(t);
  const counted = makeCells();
  for (let round = 0; round < 20; round++) {
    const cells = makeCells();
    const first = host.run(call(awaitCell, [cells]));
    await waitForCondition('the first runs', isBegun(cells));
    const takeBack = sendAhead(t, host, call(count, [counted]), fate());
    t.true(takeBack());
    // In its place.
    const owner = fate();
    const isSecondSent = round % 2 === 0;
    if (isSecondSent) sendAhead(t, host, call(count, [cells]), owner);
    release(cells);
    t.is((await first.outcome).kind, 'returned');
    if (isSecondSent) await (await owner.whenBegun).running.outcome;
    t.like(await host.run(call(count, [makeCells()])).outcome, { kind: 'returned', value: 0 });
  }
  t.is(Atomics.load(counted, 1), 0);
});

/** When the owner asks for the call back: before the worker can come to it, in a race with it, or after it has begun it. */
type Asks = 'before' | 'racing' | 'after';

test('a call is run once or can be taken back, never both', async (t) => {
  const host = await readyHost(t);
  const meanwhile = (asks: Asks, round: number, counted: Int32Array): void => {
    if (asks === 'after') while (!isBegun(counted)());
    else for (let spin = round * 20; spin > 0; spin--) Atomics.load(counted, 0);
  };
  const asked: readonly Asks[] = ['before', 'after', ...Array<Asks>(300).fill('racing')];
  for (const [round, asks] of asked.entries()) {
    const counted = makeCells();
    const cells = makeCells();
    const first = host.run(call(awaitCell, [cells]));
    while (!isBegun(cells)());
    const owner = fate();
    const takeBack = sendAhead(t, host, call(count, [counted]), owner);
    if (asks !== 'before') release(cells);
    meanwhile(asks, round, counted);
    const isTakenBack = takeBack();
    release(cells);
    // Who wins the race is the machine's affair.
    if (asks !== 'racing') t.is(isTakenBack, asks === 'before');
    t.is((await first.outcome).kind, 'returned');
    if (isTakenBack) {
      await host.run(call(count, [makeCells()])).outcome;
      t.is(Atomics.load(counted, 1), 0);
    } else {
      await (
        await owner.whenBegun
      ).running.outcome;
      t.is(Atomics.load(counted, 1), 1);
    }
  }
});

test('its limits count from its beginning', async (t) => {
  const host = await readyHost(t);
  const cells = makeCells();
  const first = host.run(call(awaitCell, [cells]));
  await waitForCondition('the first runs', isBegun(cells));
  const owner = fate();
  sendAhead(t, host, call(forever, [makeCells()], { deadline: 50 }), owner);
  const sentAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 100));
  release(cells);
  t.is((await first.outcome).kind, 'returned');
  const { running, startedAt } = await owner.whenBegun;
  t.true(startedAt - sentAt >= 99);
  const outcome = await running.outcome;
  t.like(outcome, { kind: 'stopped', reason: 'deadline' });
  t.true(outcome.endedAt - startedAt >= 50);
});

const failures: readonly (readonly [string, Source, Pick<CallOutcome, 'kind'>])[] = [
  [
    'a worker that exits',
    (cells: Int32Array) => {
      Atomics.add(cells, 1, 1);
      Atomics.wait(cells, 0, 0);
      process.exit(3);
    },
    { kind: 'died' },
  ],
  [
    'a worker in which something is left running',
    (cells: Int32Array) => {
      Atomics.add(cells, 1, 1);
      Atomics.wait(cells, 0, 0);
      setInterval(() => undefined, 60_000);
    },
    { kind: 'returned' },
  ],
];
for (const [what, task, end] of failures) {
  test(`${what} gives back what it was to run next`, async (t) => {
    const host = await readyHost(t);
    const cells = makeCells();
    const counted = makeCells();
    const first = host.run(call(task, [cells]));
    await waitForCondition('the first runs', isBegun(cells));
    const owner = fate();
    sendAhead(t, host, call(count, [counted]), owner);
    release(cells);
    await owner.whenReturned;
    const outcome = await first.outcome;
    t.is(outcome.kind, end.kind);
    if (outcome.kind === 'died') t.true(outcome.error instanceof WorkerExitError);
    t.false(host.isFree);
    await host.terminate();
    t.is(Atomics.load(counted, 1), 0);
  });
}

test('a worker that ends before its owner has heard of its last answers takes no call with it', async (t) => {
  const host = await readyHost(t);
  const cells = makeCells();
  const leaving = makeCells();
  const first = host.run(call(awaitCell, [cells]));
  await waitForCondition('the first runs', isBegun(cells));
  const third = fate();
  let isThirdSent = false;
  const exits = new Promise<Begun>((resolve) => {
    const exit = (own: Int32Array): never => {
      Atomics.add(own, 1, 1);
      process.exit(3);
    };
    sendAhead(t, host, call(exit, [leaving]), {
      begun: (running, startedAt) => {
        isThirdSent = host.runAhead?.(call(count, [makeCells()]), third) !== undefined;
        resolve({ running, startedAt });
      },
      returned: () => {
        t.fail('it had begun');
      },
    });
  });
  release(cells);
  while (!isBegun(leaving)());
  // Time for the thread to end, while this loop hears nothing of it.
  Atomics.wait(makeCells(), 0, 0, 200);
  t.is((await first.outcome).kind, 'returned');
  t.is((await (await exits).running.outcome).kind, 'died');
  if (isThirdSent) await third.whenReturned;
  await host.ended;
});

test('a worker that has to be ended gives back what it was to run next', async (t) => {
  const host = await readyHost(t);
  const cells = makeCells();
  const counted = makeCells();
  // Hears nothing of an interrupt.
  const stuck = call(
    (own: Int32Array) => {
      Atomics.add(own, 1, 1);
      void Promise.resolve().then(() => {
        for (;;);
      });
      return new Promise(() => undefined);
    },
    [cells],
  );
  const first = host.run(stuck);
  await waitForCondition('the first runs', isBegun(cells));
  const owner = fate();
  sendAhead(t, host, call(count, [counted]), owner);
  first.stop(performance.now());
  await owner.whenReturned;
  t.is((await first.outcome).kind, 'stopped');
  await host.ended;
  t.is(Atomics.load(counted, 1), 0);
});

testWithAddon(
  'an error that is raised for the call that runs never hits the next one',
  async (t) => {
    const host = await readyHost(t);
    for (let round = 0; round < 20; round++) {
      const cells = makeCells();
      const first = host.run(call(forever, [cells]));
      await waitForCondition('the first runs', isBegun(cells));
      const owner = fate();
      sendAhead(t, host, call(count, [makeCells()]), owner);
      first.stop(performance.now());
      await owner.whenReturned;
      const outcome = await first.outcome;
      t.is(outcome.kind, 'stopped');
      // On a crowded machine the worker may have been ended.
      if (!host.isFree) break;
      t.like(await host.run(call(count, [makeCells()])).outcome, { kind: 'returned', value: 0 });
    }
  },
);

test('terminate ends what the worker has begun by itself', async (t) => {
  const host = await readyHost(t);
  const cells = makeCells();
  const next = makeCells();
  const first = host.run(call(awaitCell, [cells]));
  await waitForCondition('the first runs', isBegun(cells));
  const owner = fate();
  sendAhead(t, host, call(forever, [next]), owner);
  release(cells);
  // This loop hears nothing of it.
  while (!isBegun(next)());
  const ended = host.terminate();
  const { running } = await owner.whenBegun;
  t.is((await first.outcome).kind, 'returned');
  const outcome = await running.outcome;
  t.like(outcome, { kind: 'stopped', reason: 'asked' });
  // On a crowded machine a thread may take longer to end than it is waited for.
  t.regex(outcome.kind === 'stopped' ? outcome.stage : '', /^(?:terminate|abandoned)$/);
  await ended;
  await host.ended;
});

test('nor does it wait for that where it cannot be ended', async (t) => {
  const host = await readyHost(t);
  const directory = mkdtempSync(join(tmpdir(), 'hardstop-'));
  const begun = join(directory, 'begun');
  const done = join(directory, 'done');
  const cells = makeCells();
  const first = host.run(call(awaitCell, [cells]));
  await waitForCondition('the first runs', isBegun(cells));
  const owner = fate();
  sendAhead(t, host, call(waitForChild, [begun, done]), owner);
  release(cells);
  // This loop hears nothing of it.
  while (!existsSync(begun));
  await host.terminate();
  const { running } = await owner.whenBegun;
  t.is((await first.outcome).kind, 'returned');
  t.like(await running.outcome, { kind: 'stopped', reason: 'asked', stage: 'abandoned' });
  let hasEnded = false;
  void host.ended.then(() => (hasEnded = true));
  writeFileSync(done, '');
  // It keeps nothing alive any more.
  await waitForCondition('the thread ends', () => hasEnded);
  rmSync(directory, { recursive: true });
});

/** Blocks in a call that no end of the thread cuts, until the second file is there. */
const waitForChild = (begun: string, done: string): void => {
  const watch = (first: string, last: string, limit: number): void => {
    const fs = process.getBuiltinModule('node:fs');
    fs.writeFileSync(first, '');
    const until = Date.now() + limit;
    setInterval(() => {
      if (fs.existsSync(last) || Date.now() > until) process.exit();
    }, 10);
  };
  const source = `(${watch.toString()})(...${JSON.stringify([begun, done, 60_000])})`;
  process.getBuiltinModule('node:child_process').execFileSync(process.execPath, ['-e', source]);
};

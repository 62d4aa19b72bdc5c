import { readdirSync } from 'node:fs';
import ava from 'ava';
import type { CallOutcome, Host } from '#internal/strategy/isolation/host.js';
import { isAlive, isLinux, callOf, startHost, zombiesOf } from '../../harness/process-host.js';
import { waitForCondition } from '../../harness/wait-for.js';

const test = isLinux ? ava.serial : ava.skip;

const CALLS = 500;
const LANES = 4;

type Work = readonly [work: () => unknown, timeout: number, grace: number];

/** Ends of all kinds; most leave the process alive where the addon is there. */
const kinds: readonly Work[] = [
  [() => 'in time', 60_000, 0],
  [
    () => {
      for (;;);
    },
    5,
    500,
  ],
  [() => new Promise(() => setTimeout(() => 0, 100_000)), 5, 5],
  [
    () => {
      throw new Error('thrown');
    },
    60_000,
    100,
  ],
  [
    () =>
      new Promise((resolve) => {
        process.once('SIGTERM', resolve);
      }),
    5,
    60_000,
  ],
  [() => 'in time', 60_000, 60_000],
  [() => process.exit(3), 60_000, 0],
  [
    () => {
      for (;;);
    },
    5,
    0,
  ],
  [() => 'in time', 60_000, 5],
  [() => Array.from({ length: 1e6 }, (_, i) => (i * 7919) % 1_000_003).sort(), 5, 10],
];

test('500 mixed timeouts leave no zombie, no orphan and no descriptor', async (t) => {
  t.timeout(240_000);
  const hosts = new Set<number>();
  const lane = async (calls: number, first: number): Promise<CallOutcome[]> => {
    let host: Host | undefined;
    const outcomes: CallOutcome[] = [];
    for (let index = 0; index < calls; index++) {
      host = host?.isFree === true ? host : await startHost(t);
      hosts.add(host.id);
      const [work, timeout, grace] = kinds[(first + index) % kinds.length] as Work;
      // A little work for all, and much of it for some.
      const isCheap = index % 4 !== 0 && timeout === 5 && grace !== 60_000;
      const call = callOf(isCheap ? () => 'in time' : work, {
        timeout: isCheap ? 60_000 : timeout,
        grace,
        hasGrace: grace !== 500,
      });
      outcomes.push(await host.run(call).outcome);
      if (!host.isFree) await host.terminate();
    }
    await host?.close();
    return outcomes;
  };
  // What the first process needs stays: the guard's pipe, what Node opens at its first child.
  await lane(1, 0);
  const before = descriptors();
  const lanes = await Promise.all(
    Array.from({ length: LANES }, (_, index) => lane(CALLS / LANES, index * 3)),
  );
  const outcomes = lanes.flat();
  t.is(outcomes.length, CALLS);
  for (const kind of ['returned', 'threw', 'stopped', 'died']) {
    t.true(
      outcomes.some((outcome) => outcome.kind === kind),
      kind,
    );
  }
  t.true(outcomes.every((outcome) => outcome.kind !== 'stopped' || outcome.stopped));
  t.deepEqual([...hosts].filter(isAlive), []);
  // What ends by itself at last is given its time.
  await waitForCondition('no zombies', () => zombiesOf(process.pid).length === 0);
  await waitForCondition('no descriptors', () => descriptors() <= before);
  t.is(descriptors(), before);
});

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

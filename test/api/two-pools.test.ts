import anyTest from 'ava';
import { createPool, InvalidStateError, QueueFullError, task, TimeoutError } from 'hardstop';
import type * as tasks from '../fixtures/isolation/tasks.js';
import { timeoutFrom } from '../harness/async-work.js';

// Limits strike here: one at a time.
const test = anyTest.serial;

const TASKS = new URL('../fixtures/isolation/tasks.js', import.meta.url);
/** Long enough for anything that is not meant to time out. */
const AMPLE = 60_000;
const LIMIT = 300;

const double = task<typeof tasks.double>(TASKS, 'double');
const picky = task<typeof tasks.picky>(TASKS, 'picky');
const whoAmI = task<typeof tasks.whoAmI>(TASKS, 'whoAmI');

/** Runs until its limit. */
const ENDLESS: { readonly args: [n: number] } = { args: [10] };

for (const kinds of [
  ['worker', 'worker'],
  ['worker', 'process'],
  ['process', 'process'],
] as const) {
  const pair = kinds.join(' + ');

  test(`two pools have hosts, limits and queues of their own [${pair}]`, async (t) => {
    await using first = createPool({ kind: kinds[0], size: 1, maxQueue: 0, timeout: LIMIT });
    await using second = createPool({
      kind: kinds[1],
      size: 2,
      timeout: AMPLE,
      queueTimeout: AMPLE,
    });

    const stuck = timeoutFrom(t, first.run(picky, ENDLESS));
    await t.throwsAsync(first.run(double, { args: [1] }), { instanceOf: QueueFullError });
    // What waits in the one has no say in the other, which has room for two.
    const others = await Promise.all([1, 2, 3, 4].map((n) => second.run(double, { args: [n] })));
    t.deepEqual(others, [2, 4, 6, 8]);
    t.is((await stuck).timeout, LIMIT);

    const hosts = await Promise.all([first.run(whoAmI, AMPLE), second.run(whoAmI)]);
    t.notDeepEqual(hosts[0], hosts[1]);
    t.true(second.statistics().hosts <= 2);
  });

  test(`a timeout in one pool disturbs no call of another [${pair}]`, async (t) => {
    await using first = createPool({ kind: kinds[0], size: 1 });
    await using second = createPool({ kind: kinds[1], size: 1 });
    const [, host] = await Promise.all([first.run(whoAmI, AMPLE), second.run(whoAmI, AMPLE)]);
    let isOver = false;
    const stopping = (async () => {
      for (let n = 0; n < 5; n++) {
        const error = await timeoutFrom(t, first.run(picky, { ...ENDLESS, timeout: 20, grace: 0 }));
        t.true(error.stopped);
      }
      isOver = true;
    })();
    let served = 0;
    while (!isOver) {
      t.is(await second.run(double, { args: [served], timeout: AMPLE }), served * 2);
      served++;
    }
    await stopping;
    t.deepEqual(await second.run(whoAmI, AMPLE), host);
    t.is(await first.run(double, { args: [4], timeout: AMPLE }), 8);

    const counted = second.statistics();
    t.like(counted, { stopped: 0, lost: 0, started: 1, completed: served + 2 });
    t.like(first.statistics(), { stopped: 5, completed: 2 });
  });

  test(`to end one pool leaves the other what it is [${pair}]`, async (t) => {
    const first = createPool({ kind: kinds[0], size: 1, minimum: 1 });
    await using second = createPool({ kind: kinds[1], size: 1 });
    await second.run(whoAmI, AMPLE);
    await first.run(double, { args: [1], timeout: AMPLE });
    const before = second.statistics();

    const running = second.run(picky, { ...ENDLESS, timeout: LIMIT, grace: 0 });
    const outcome = t.throwsAsync(running, { instanceOf: TimeoutError });
    const cut = t.throwsAsync(first.run(picky, { ...ENDLESS, timeout: AMPLE }), {
      instanceOf: InvalidStateError,
    });
    await first.terminate();
    await cut;
    await t.throwsAsync(first.run(double, { args: [1] }), { instanceOf: InvalidStateError });
    t.is(first.statistics().hosts, 0);
    await outcome;

    t.is(await second.run(double, { args: [3], timeout: AMPLE }), 6);
    t.like(second.statistics(), {
      stopped: before.stopped + 1,
      completed: before.completed + 1,
      running: 0,
      queued: 0,
    });
  });
}

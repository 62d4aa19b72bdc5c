import { readdirSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { runSync, TimeoutError } from 'hardstop';
import { repetitions } from '../harness/repetitions.js';
import { strategies, type InThreadStrategy } from '../harness/strategies.js';
import { runFixture } from '../harness/run-fixture.js';
import { REACHABLE } from '../harness/work.js';

// What is lost would run for ever; parsing takes seconds where the machine shares its cores with much else, ms.
const GENEROUS = 30_000;

function spin(): never {
  for (;;);
}

function attempt(work: () => unknown): TimeoutError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    return error;
  }
}

/** An outer limit around an inner one whose error is swallowed, with an endless loop after it. */
function nest(
  [outer, inner]: readonly [number, number],
  [outerStrategy, innerStrategy]: readonly [InThreadStrategy, InThreadStrategy],
): { readonly outer: TimeoutError | undefined; readonly inner: TimeoutError | undefined } {
  let swallowed: TimeoutError | undefined;
  const error = attempt(() =>
    runSync(
      () => {
        swallowed = attempt(() => runSync(spin, { timeout: inner, strategy: innerStrategy }));
        spin();
      },
      { timeout: outer, strategy: outerStrategy },
    ),
  );
  return { outer: error, inner: swallowed };
}

function assertOuterHeld(
  t: ExecutionContext,
  limit: number,
  error: TimeoutError | undefined,
): void {
  t.is(error?.timeout, limit);
  t.is(error?.stage === 'terminate' || error?.stage === 'interrupt', true);
  t.true((error?.elapsed ?? 0) >= limit);
  t.true((error?.elapsed ?? Infinity) < limit + GENEROUS);
}

const MIXES = strategies().flatMap((outer) =>
  strategies().map((inner): [InThreadStrategy, InThreadStrategy] => [outer, inner]),
);

for (const mix of MIXES.filter((strategiesOfMix) => strategiesOfMix.includes('vm'))) {
  for (const limits of [
    [10, 10],
    [10, 9],
    [11, 10],
    [10, 8],
  ] as const) {
    test(`an outer limit of ${limits.join(' ms survives an inner one of ')} ms whose error is caught [${mix.join(' around ')}]`, (t) => {
      for (let round = 0; round < repetitions(20); round += 1) {
        assertOuterHeld(t, limits[0], nest(limits, mix).outer);
      }
    });
  }

  test(`an inner limit that is earlier delivers its own error, and the outer one holds [${mix.join(' around ')}]`, (t) => {
    // An inner stop that the machine delays past the outer deadline belongs to the outer run: then with more room.
    let inner: TimeoutError | undefined;
    for (let limit = 300; inner === undefined && limit <= 9_600; limit *= 2) {
      const ends = nest([limit, 20], mix);
      assertOuterHeld(t, limit, ends.outer);
      ({ inner } = ends);
    }
    t.is(inner?.timeout, 20);
  });
}

test('where several limits strike together the outermost owns the stop', (t) => {
  const inner: unknown[] = [];
  const level = (depth: number): unknown =>
    runSync(
      () => {
        if (depth === 3) spin();
        inner.push(attempt(() => level(depth + 1)));
        spin();
      },
      { timeout: REACHABLE, strategy: 'vm' },
    );
  const error = attempt(() => level(1));
  assertOuterHeld(t, REACHABLE, error);
  t.deepEqual(inner, []);
});

// JSON.parse cannot be interrupted, so that all deadlines pass before the first frame can unwind.
const HUGE = JSON.stringify(Array.from({ length: 1_500_000 }, (_, index) => ({ index })));
/** The earliest of them, ms: the parser has begun by then, and takes longer than the rest of them. */
const FIRST = 100;

test('an outer limit that passed long ago holds when the inner stop was late', (t) => {
  for (let round = 0; round < repetitions(3); round += 1) {
    let reached = false;
    const level = (timeout: number): unknown =>
      runSync(
        () => {
          attempt(() => {
            if (timeout > FIRST) return level(timeout - 10);
            JSON.parse(HUGE);
            spin();
          });
          reached = true;
          spin();
        },
        { timeout, strategy: 'vm' },
      );
    assertOuterHeld(
      t,
      FIRST + 30,
      attempt(() => level(FIRST + 30)),
    );
    t.false(reached, 'code ran between the ends of the inner and the outer run');
  }
});

for (const limits of ['equal', 'later', 'earlier by 1 ms', 'earlier by 0.1 ms']) {
  test(`nests 1,000 deep, each limit ${limits}`, async (t) => {
    // A level takes 1 to 3 KB of the stack; the default of 984 KB ends in a RangeError at some 950 levels.
    const { code, stdout, stderr } = await runFixture('vm/deep-nesting', {
      args: [limits],
      nodeFlags: ['--stack-size=3900'],
    });
    t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'stopped\n', stderr: '' });
  });
}

test('leaves no thread and no descriptor behind', (t) => {
  if (process.platform !== 'linux') {
    t.pass();
    return;
  }
  const tasks = (): number => readdirSync('/proc/self/task').length;
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  nest([5, 5], ['vm', 'vm']);
  const before = [tasks(), descriptors()];
  for (let round = 0; round < repetitions(300); round += 1) {
    runSync(() => 1, { timeout: 60_000, strategy: 'vm' });
  }
  nest([5, 5], ['vm', 'vm']);
  t.deepEqual([tasks(), descriptors()], before);
});

test('without the debugger protocol a second timer keeps the outer limit', async (t) => {
  const [major = 0] = process.versions.node.split('.').map(Number);
  const flag = major < 22 ? '--experimental-permission' : '--permission';
  const { code, stdout } = await runFixture('vm/equal-limits', {
    nodeFlags: [flag, '--allow-fs-read=*', '--no-warnings'],
    env: { HARDSTOP_DISABLE_NATIVE: '1' },
  });
  t.deepEqual({ code, stdout }, { code: 0, stdout: 'held\n' });
});

for (const how of ['exit', 'terminate']) {
  test(`a worker that is told to end while it runs under vm ends: ${how}`, async (t) => {
    const { code, stdout } = await runFixture('vm/worker-ends', { args: [how] });
    t.deepEqual(
      { code, stdout },
      { code: 0, stdout: 'ended 7\n'.replace('7', how === 'exit' ? '7' : '1') },
    );
  });
}

test('process.exit() inside ends the process', async (t) => {
  const { code, stdout } = await runFixture('vm/process-exits');
  t.deepEqual({ code, stdout }, { code: 9, stdout: '' });
});

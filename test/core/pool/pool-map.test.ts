import test from 'ava';
import type { PooledRun } from '#internal/core/pool/execute-in-pool.js';
import { parseItems } from '#internal/core/pool/item-source.js';
import type { MapPlan, MapResult } from '#internal/core/pool/map-plan.js';
import { PoolMap } from '#internal/core/pool/pool-map.js';

/** A call that ends when the test says so. */
interface Call extends PooledRun {
  readonly item: number;
  readonly ended: unknown[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

function makeMap(
  items: Iterable<number> | AsyncIterable<number>,
  plan: Partial<MapPlan<number>> = {},
): { readonly map: PoolMap<number, unknown>; readonly calls: Call[] } {
  const calls: Call[] = [];
  const start = (item: number): Call => {
    let settle: Pick<Call, 'resolve' | 'reject'> | undefined;
    const promise = new Promise<unknown>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const call: Call = {
      item,
      promise,
      ended: [],
      end: (error) => {
        call.ended.push(error);
        call.reject(error);
      },
      ...(settle as unknown as Pick<Call, 'resolve' | 'reject'>),
    };
    calls.push(call);
    return call;
  };
  const map = new PoolMap<number, unknown>({
    items: parseItems(items),
    start,
    concurrency: 2,
    order: 'input',
    onProgress: undefined,
    signal: undefined,
    ...plan,
  });
  return { map, calls };
}

/** Counts what is taken from it, and notes whether it was closed. */
function countingSource(length = Infinity): Iterable<number> & { taken: number; closed: boolean } {
  const source = {
    taken: 0,
    closed: false,
    *[Symbol.iterator](): Generator<number> {
      try {
        while (source.taken < length) yield source.taken++;
      } finally {
        source.closed = true;
      }
    },
  };
  return source;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function* later(values: readonly number[]): AsyncGenerator<number> {
  for (const value of values) {
    await turn();
    yield value;
  }
}

async function valuesOf(map: AsyncIterable<MapResult<number, unknown>>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const result of map) {
    values.push(result.status === 'fulfilled' ? result.value : result.reason);
  }
  return values;
}

test('nothing happens before the first result is asked for', async (t) => {
  const source = countingSource(3);
  const { calls } = makeMap(source);
  await turn();
  t.is(source.taken, 0);
  t.is(calls.length, 0);
});

test('results come in the order of the items', async (t) => {
  const { map, calls } = makeMap([10, 20, 30]);
  const values = valuesOf(map);
  await turn();
  t.deepEqual(
    calls.map(({ item }) => item),
    [10, 20],
  );
  calls[1]?.resolve('b');
  await turn();
  calls[2]?.resolve('c');
  await turn();
  calls[0]?.resolve('a');
  t.deepEqual(await values, ['a', 'b', 'c']);
});

test('results come as they are there', async (t) => {
  const { map, calls } = makeMap([10, 20, 30], { order: 'completion' });
  const values = valuesOf(map);
  await turn();
  calls[1]?.resolve('b');
  await turn();
  calls[2]?.resolve('c');
  await turn();
  calls[0]?.resolve('a');
  t.deepEqual(await values, ['b', 'c', 'a']);
});

test('one that fails does not stop the rest', async (t) => {
  const { map, calls } = makeMap([10, 20]);
  const first = map.next();
  const second = map.next();
  await turn();
  const error = new Error('own');
  calls[0]?.reject(error);
  calls[1]?.resolve(2);
  t.deepEqual(await first, {
    done: false,
    value: { index: 0, item: 10, status: 'rejected', reason: error },
  });
  t.deepEqual(await second, {
    done: false,
    value: { index: 1, item: 20, status: 'fulfilled', value: 2 },
  });
  t.deepEqual(await map.next(), { done: true, value: undefined });
  t.deepEqual(await map.next(), { done: true, value: undefined });
});

test('an async input is read one item at a time', async (t) => {
  const { map, calls } = makeMap(later([1, 2, 3]), { concurrency: 8 });
  const values = valuesOf(map);
  for (let waited = 0; waited < 20; waited++) {
    await turn();
    for (const call of calls) call.resolve(call.item * 10);
  }
  t.deepEqual(await values, [10, 20, 30]);
});

test('back-pressure: the input is taken no faster than results are', async (t) => {
  const source = countingSource();
  const { map, calls } = makeMap(source);
  const settleAll = async (): Promise<void> => {
    for (let round = 0; round < 10; round++) {
      for (const call of calls) call.resolve(call.item);
      await turn();
    }
  };
  const first = map.next();
  await settleAll();
  t.is((await first).done, false);
  // One was taken; as many wait as the window holds.
  t.is(source.taken, 5);
  await map.next();
  await settleAll();
  t.is(source.taken, 6);
  await map.return();
  t.true(source.closed);
});

test('leaving the iteration stops what runs, waits for it, and closes the input', async (t) => {
  const source = countingSource();
  const { map, calls } = makeMap(source);
  const loop = (async () => {
    for await (const result of map) {
      t.is(result.index, 0);
      break;
    }
  })();
  await turn();
  calls[0]?.resolve(0);
  await loop;
  t.deepEqual(
    calls.map(({ ended }) => ended.length),
    [0, 1, 1],
  );
  t.true(source.closed);
});

test('what the input throws is thrown once what runs has been stopped', async (t) => {
  const error = new Error('input');
  function* broken(): Generator<number> {
    yield 1;
    throw error;
  }
  const { map, calls } = makeMap(broken());
  t.is(await t.throwsAsync(map.next()), error);
  t.deepEqual(calls[0]?.ended, [error]);
  t.deepEqual(await map.next(), { done: true, value: undefined });
});

test('an aborted signal ends it', async (t) => {
  const controller = new AbortController();
  const { map, calls } = makeMap(countingSource(), { signal: controller.signal });
  const first = map.next();
  await turn();
  const reason = new Error('gone');
  controller.abort(reason);
  t.is(await t.throwsAsync(first), reason);
  t.deepEqual(
    calls.map(({ ended }) => ended),
    [[reason], [reason]],
  );
  const late = makeMap(countingSource(), { signal: controller.signal });
  t.is(await t.throwsAsync(late.map.next()), reason);
  t.is(late.calls.length, 0);
});

test('progress is told after each item; what it throws ends the whole', async (t) => {
  const error = new Error('enough');
  const seen: unknown[] = [];
  const { map, calls } = makeMap([1, 2, 3], {
    onProgress: (progress) => {
      seen.push(progress);
      if (progress.completed === 2) throw error;
    },
  });
  const first = map.next();
  await turn();
  calls[0]?.reject(new Error('own'));
  await first;
  const second = map.next();
  await turn();
  calls[1]?.resolve(1);
  t.is(await t.throwsAsync(second), error);
  t.deepEqual(seen, [
    { completed: 1, rejected: 1, index: 0, status: 'rejected' },
    { completed: 2, rejected: 1, index: 1, status: 'fulfilled' },
  ]);
});

test('a hundred thousand items that may all run at once do not overflow the stack', async (t) => {
  const { map, calls } = makeMap(countingSource(100_000), { concurrency: 100_000 });
  const first = map.next();
  t.is(calls.length, 100_000);
  calls[0]?.resolve(1);
  await first;
  await map.return();
});

/** An input whose second item never comes. */
async function* stalling(): AsyncGenerator<number> {
  yield 1;
  await new Promise(() => undefined);
}

test('an input that keeps one waiting holds up neither an aborted signal nor who leaves', async (t) => {
  const controller = new AbortController();
  const aborted = makeMap(stalling(), { signal: controller.signal });
  const result = aborted.map.next();
  await turn();
  const reason = new Error('enough');
  controller.abort(reason);
  t.is(await t.throwsAsync(result), reason);

  const left = makeMap(stalling());
  const first = left.map.next();
  await turn();
  left.calls[0]?.resolve(1);
  await first;
  t.true((await left.map.return()).done);
});

test('an input that does not keep to the protocol ends the whole', async (t) => {
  const next = (): Promise<never> => Promise.resolve(undefined as never);
  const { map } = makeMap({ [Symbol.asyncIterator]: () => ({ next }) });
  await t.throwsAsync(map.next(), { instanceOf: TypeError });
  t.true((await map.next()).done);
});

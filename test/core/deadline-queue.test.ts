import test from 'ava';
import { DeadlineQueue, type QueueEntry } from '#internal/core/deadline-queue.js';
import { collectGarbage } from '../harness/collect-garbage.js';
import { repetitions } from '../harness/repetitions.js';
import { makeRandom } from '../regex/random-recipe.js';

class Entry implements QueueEntry {
  deadline: number;
  nesting: number;
  position = -1;
  constructor(deadline: number, nesting = 0) {
    this.deadline = deadline;
    this.nesting = nesting;
  }
}

const inOrder = (a: QueueEntry, b: QueueEntry): number =>
  a.deadline === b.deadline ? a.nesting - b.nesting : a.deadline < b.deadline ? -1 : 1;

/** Empties a queue; entries that are equal may come in any order. */
function drain<E extends QueueEntry>(queue: DeadlineQueue<E>): E[] {
  const drained: E[] = [];
  for (let entry = queue.first(); entry !== undefined; entry = queue.first()) {
    queue.remove(entry);
    drained.push(entry);
  }
  return drained;
}

test('an empty queue', (t) => {
  const queue = new DeadlineQueue();
  t.is(queue.size, 0);
  t.is(queue.first(), undefined);
});

test('the earliest deadline is first', (t) => {
  const queue = new DeadlineQueue<Entry>();
  for (const deadline of [5, 1.5, Infinity, 0, 1e300, -3, 1.25, 2]) queue.push(new Entry(deadline));
  t.is(queue.size, 8);
  t.deepEqual(
    drain(queue).map(({ deadline }) => deadline),
    [-3, 0, 1.25, 1.5, 2, 5, 1e300, Infinity],
  );
});

test('of equal deadlines the outermost is first, in whatever order they came', (t) => {
  for (const nestings of [
    [0, 1, 2, 3, 4, 5],
    [5, 4, 3, 2, 1, 0],
    [3, 0, 5, 1, 4, 2],
  ]) {
    const queue = new DeadlineQueue<Entry>();
    for (const nesting of nestings) queue.push(new Entry(7, nesting));
    queue.push(new Entry(6, 9));
    t.deepEqual(
      drain(queue).map(({ nesting }) => nesting),
      [9, 0, 1, 2, 3, 4, 5],
    );
  }
});

test('an entry that is not queued is not removed, and not moved', (t) => {
  const queue = new DeadlineQueue<Entry>();
  const entry = new Entry(1);
  queue.remove(entry);
  queue.move(entry);
  t.is(queue.size, 0);
  queue.push(entry);
  t.is(entry.position, 0);
  queue.remove(entry);
  queue.remove(entry);
  t.is(entry.position, -1);
  t.is(queue.size, 0);
});

test('an entry can be queued again', (t) => {
  const queue = new DeadlineQueue<Entry>();
  const entry = new Entry(1);
  const other = new Entry(2);
  queue.push(entry);
  queue.push(other);
  queue.remove(entry);
  entry.deadline = 3;
  queue.push(entry);
  t.deepEqual(drain(queue), [other, entry]);
});

test('a deadline that was changed counts from `move` on: earlier, later, to Infinity and back', (t) => {
  const queue = new DeadlineQueue<Entry>();
  const entries = [10, 20, 30, 40, 50, 60, 70].map((deadline) => new Entry(deadline));
  for (const entry of entries) queue.push(entry);
  const moved = entries[4] as Entry;
  for (const deadline of [5, 55, Infinity, 1]) {
    moved.deadline = deadline;
    queue.move(moved);
    const expected = [...entries].sort(inOrder);
    t.is(queue.first(), expected[0]);
    t.deepEqual(drain(queue), expected);
    for (const entry of entries) queue.push(entry);
  }
});

test('random operations, against a sorted array', (t) => {
  const seed = 20_240_229;
  const next = makeRandom(seed);
  const pick = (bound: number): number => Math.trunc(next() * bound);
  const queue = new DeadlineQueue<Entry>();
  const entries: Entry[] = [];
  for (let step = 0; step < repetitions(30_000); step++) {
    // Few different deadlines, so that there are ties; it grows for a while, then shrinks.
    const choice = pick(10) + (step % 4_000 < 2_500 ? 0 : 3);
    if (choice < 6 || entries.length === 0) {
      const entry = new Entry(pick(200) / 4, pick(4));
      queue.push(entry);
      entries.push(entry);
    } else {
      const at = pick(entries.length);
      const entry = entries[at] as Entry;
      if (choice < 8) {
        entry.deadline = pick(10) === 0 ? Infinity : pick(200) / 4;
        entry.nesting = pick(4);
        queue.move(entry);
      } else {
        queue.remove(entry);
        entries.splice(at, 1);
        if (entry.position !== -1) t.fail('a removed entry keeps a position');
      }
    }
    const first = queue.first();
    const isRight =
      first === undefined
        ? entries.length === 0
        : entries.every((entry) => inOrder(first, entry) <= 0);
    if (!isRight) t.fail(`step ${String(step)} of seed ${String(seed)}`);
  }
  t.is(queue.size, entries.length);
  t.is(new Set(entries.map(({ position }) => position)).size, entries.length);
  const drained = drain(queue);
  t.is(new Set([...drained, ...entries]).size, entries.length);
  t.deepEqual(drained, [...drained].sort(inOrder));
});

test('what was removed is not retained', async (t) => {
  const queue = new DeadlineQueue<Entry>();
  const references = pushAndRemove(queue, 1_000, 500);
  t.is(queue.size, 1);
  await collectGarbage();
  const alive = references.filter((reference) => reference.deref() !== undefined);
  t.is(alive.length, 1);
  t.is(alive[0], references[500]);
});

/** In a function of its own, so that no variable of the test holds an entry. */
function pushAndRemove(
  queue: DeadlineQueue<Entry>,
  count: number,
  left: number,
): readonly WeakRef<Entry>[] {
  const entries = Array.from({ length: count }, (_, i) => new Entry(i % 97, i));
  for (const entry of entries) queue.push(entry);
  for (const [i, entry] of entries.entries()) if (i !== left) queue.remove(entry);
  return entries.map((entry) => new WeakRef(entry));
}

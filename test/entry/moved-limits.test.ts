import test from 'ava';
import { MovedLimits } from '#internal/entry/moved-limits.js';

test('what was moved is told once for each version, and only of its own request', (t) => {
  const owner = new MovedLimits();
  const worker = new MovedLimits(owner.buffer);
  t.is(worker.movedSince(0, 2), undefined);
  owner.move(2, 10.25, Infinity);
  const moved = worker.movedSince(0, 2);
  t.like(moved, { deadline: 10.25, hardDeadline: Infinity });
  t.is(worker.movedSince(moved?.version ?? NaN, 2), undefined);
  t.is(worker.movedSince(0, 3), undefined);
  owner.move(2, -1, 20);
  t.like(worker.movedSince(moved?.version ?? NaN, 2), { deadline: -1, hardDeadline: 20 });
});

test('a write that was cut is not waited for, and the next one heals it', (t) => {
  const owner = new MovedLimits();
  const worker = new MovedLimits(owner.buffer);
  owner.move(2, 10, 20);
  const { version = NaN } = worker.movedSince(0, 2) ?? {};
  // As where the writer was unwound after its first step.
  Atomics.or(new Int32Array(owner.buffer), 0, 1);
  t.is(worker.movedSince(version, 2), undefined);
  t.is(worker.movedSince(version, 2), undefined);
  owner.move(2, 30, 40);
  t.like(worker.movedSince(version, 2), { deadline: 30, hardDeadline: 40 });
});

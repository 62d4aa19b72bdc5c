import { setTimeout as sleep } from 'node:timers/promises';
import anyTest from 'ava';
import { executeInPool } from '#internal/core/pool/execute-in-pool.js';
import { HostPool, type PoolLimits } from '#internal/core/pool/host-pool.js';
import type { CallRequest } from '#internal/core/pool/pool-call.js';
import type { RunSyncOptions } from '#internal/core/options.js';
import { scopeOf, Timeout } from '#internal/core/timeout.js';
import { TimeoutError } from '#internal/errors/timeout-error.js';
import { WorkerExitError } from '#internal/errors/worker-exit-error.js';
import { FakeKind, REQUEST, UNLIMITED } from '../../harness/fake-host.js';
import { waitForCondition } from '../../harness/wait-for.js';

// Calls that are sent to a host which runs another one, over hosts whose calls end when the test says so.

// Limits strike in some of them: one at a time.
const test = anyTest.serial;

const AMPLE = 60_000;
const LIMITS: PoolLimits = { ...UNLIMITED, size: 1, aheadLimit: AMPLE };
/** An end that makes any call a quick one. */
const AT_ONCE = 0;

interface Submitted {
  readonly timeout: Timeout;
  readonly promise: Promise<unknown>;
  end(error: unknown): void;
}

const pools: HostPool[] = [];

test.afterEach.always(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.terminate()));
});

function submit(
  pool: HostPool,
  name: string,
  options: RunSyncOptions = {},
  request: Partial<CallRequest> = {},
): Submitted {
  const timeout = new Timeout(options.timeout, { ...options, name });
  const run = executeInPool(scopeOf(timeout), pool, { ...REQUEST, ...request }, submit);
  // Not all of them are waited for.
  run.promise.catch(() => undefined);
  return {
    timeout,
    promise: run.promise,
    end: (error) => {
      run.end(error);
    },
  };
}

/** A pool whose hosts are known to be quick, each of them with a call that runs. */
async function quickPool(
  limits: Partial<PoolLimits> = {},
): Promise<{ readonly kind: FakeKind; readonly pool: HostPool }> {
  const kind = new FakeKind();
  kind.takesAhead = true;
  const options = { resourceLimits: undefined, initializer: undefined };
  const pool = new HostPool(kind, options, { ...LIMITS, ...limits });
  pools.push(pool);
  const size = limits.size ?? LIMITS.size;
  const quick = Array.from({ length: size }, () => submit(pool, 'quick'));
  for (let host = 0; host < size; host++) submit(pool, 'runs');
  await waitForCondition('it has come so far', () => kind.calls.length === size);
  for (const host of kind.hosts) host.goOn(undefined, AT_ONCE);
  await Promise.all(quick.map(({ promise }) => promise));
  await waitForCondition('it has come so far', () => kind.calls.length === 2 * size);
  kind.calls.splice(0, size);
  kind.aheads.length = 0;
  return { kind, pool };
}

/** Lets the host of a quick pool come to its next call, with others that wait behind it. */
async function nextOf(kind: FakeKind, host = 0): Promise<void> {
  const before = kind.calls.length;
  kind.host(host).goOn(undefined, AT_ONCE);
  await waitForCondition('it has come so far', () => kind.calls.length > before);
}

test('a host that is quick is sent the next call while it runs one, and begins it by itself', async (t) => {
  const { kind, pool } = await quickPool();
  const first = submit(pool, 'first');
  const second = submit(pool, 'second');
  await nextOf(kind);
  t.is(kind.aheads.length, 1);
  t.is(kind.ahead(0).call.name, 'second');
  // It waits as well as before.
  t.is(pool.waiting, 1);
  t.is(pool.running, 1);
  t.is(second.timeout.state, 'executing');
  kind.host(0).goOn('of the first');
  t.is(kind.ahead(0).state, 'begun');
  t.is(pool.waiting, 0);
  t.is(await first.promise, 'of the first');
  t.is(pool.running, 1);
  kind.host(0).goOn('of the second');
  t.is(await second.promise, 'of the second');
  await pool.drain();
  t.is(pool.counters.completed, 4);
});

test('its clock starts when its host begins it', async (t) => {
  const { kind, pool } = await quickPool();
  submit(pool, 'first');
  const second = submit(pool, 'second', { timeout: AMPLE, grace: 5 });
  await nextOf(kind);
  // Lengths of time.
  t.like(kind.ahead(0).call, { deadline: AMPLE, hardDeadline: AMPLE + 5 });
  t.is(second.timeout.deadline, Infinity);
  const startedAt = performance.now() - 1_000;
  kind.host(0).goOn(undefined, startedAt);
  t.is(second.timeout.deadline, startedAt + AMPLE);
  t.true(second.timeout.elapsed() >= 1_000);
});

test('a limit that has struck before anybody heard of the beginning stops it all the same', async (t) => {
  const { kind, pool } = await quickPool();
  submit(pool, 'first');
  const second = submit(pool, 'second', { timeout: 20 });
  await nextOf(kind);
  const startedAt = performance.now() - 1_000;
  kind.host(0).goOn(undefined, startedAt);
  const running = kind.call(kind.calls.length - 1);
  await waitForCondition('it has come so far', () => running.stops.length > 0);
  running.end({
    kind: 'stopped',
    reason: 'deadline',
    stage: 'interrupt',
    stopped: true,
    stuck: undefined,
    raised: undefined,
    endedAt: startedAt + 21,
  });
  const error = (await t.throwsAsync(second.promise, { instanceOf: TimeoutError })) as TimeoutError;
  t.is(error.stage, 'interrupt');
  t.true(error.elapsed >= 20);
});

test('a host that is not quick is sent nothing', async (t) => {
  const { kind, pool } = await quickPool();
  const first = submit(pool, 'first');
  submit(pool, 'second');
  // What ran took an hour.
  kind.host(0).goOn(undefined, performance.now() + 3_600_000);
  await waitForCondition('it has come so far', () => kind.calls.length === 2);
  t.is(kind.call(1).call.name, 'first');
  t.is(kind.aheads.length, 0);
  t.is(first.timeout.state, 'executing');
});

const now = (): number => performance.now();

for (const [what, options, request] of [
  ['a deadline', () => ({ deadline: now() + AMPLE }), {}],
  ['a queueTimeout', () => ({}), { queueTimeout: AMPLE }],
  ['a clock that runs already', () => ({ timeout: AMPLE }), { startupCounts: true }],
  ['something to be moved', () => ({}), { transfer: [new ArrayBuffer(1)] }],
  ['a limit on CPU time', () => ({ cpuTimeout: AMPLE }), {}],
] as const) {
  test(`a call with ${what} is not sent ahead, nor are those behind it`, async (t) => {
    const { kind, pool } = await quickPool();
    submit(pool, 'first');
    submit(pool, 'limited', options(), request as Partial<CallRequest>);
    submit(pool, 'behind');
    await nextOf(kind);
    t.is(kind.aheads.length, 0);
  });
}

test('who is free first takes the call that waits longest, also from the host that has it', async (t) => {
  const { kind, pool } = await quickPool({ size: 2 });
  submit(pool, 'first');
  const second = submit(pool, 'second');
  await nextOf(kind, 0);
  t.is(kind.ahead(0).host, kind.host(0));
  t.is(kind.ahead(0).call.name, 'second');
  kind.host(1).goOn(undefined, AT_ONCE);
  await waitForCondition('it has come so far', () => kind.host(1).running?.call.name === 'second');
  t.is(kind.ahead(0).state, 'taken back');
  kind.host(0).goOn(undefined);
  kind.host(1).goOn('done');
  t.is(await second.promise, 'done');
  await pool.drain();
});

test("a call whose host turns out to be slow is nobody's again", async (t) => {
  const { kind, pool } = await quickPool({ aheadLimit: 1 });
  submit(pool, 'first');
  submit(pool, 'second');
  await nextOf(kind);
  const ahead = kind.ahead(0);
  await waitForCondition('it has come so far', () => ahead.state === 'taken back');
  t.is(pool.waiting, 1);
  kind.host(0).goOn(undefined);
  await waitForCondition('it has come so far', () => kind.host(0).running?.call.name === 'second');
});

test('one that is aborted before it has begun is taken back', async (t) => {
  const { kind, pool } = await quickPool();
  submit(pool, 'first');
  const controller = new AbortController();
  const second = submit(pool, 'second', { signal: controller.signal });
  await nextOf(kind);
  controller.abort(new Error('enough'));
  await t.throwsAsync(second.promise, { message: 'enough' });
  t.is(kind.ahead(0).state, 'taken back');
  t.is(pool.waiting, 0);
});

test('one that has begun before it was aborted is stopped, once that is heard', async (t) => {
  const { kind, pool } = await quickPool();
  submit(pool, 'first');
  const controller = new AbortController();
  const second = submit(pool, 'second', { signal: controller.signal });
  await nextOf(kind);
  kind.ahead(0).state = 'begun';
  controller.abort(new Error('enough'));
  // Nobody knows yet that it runs.
  await sleep(5);
  t.is(pool.waiting, 1);
  kind.host(0).goOn(undefined);
  const running = kind.call(kind.calls.length - 1);
  await waitForCondition('it has come so far', () => running.stops.length > 0);
  running.end({
    kind: 'stopped',
    reason: 'asked',
    stage: 'interrupt',
    stopped: true,
    stuck: undefined,
    raised: undefined,
    endedAt: now(),
  });
  await t.throwsAsync(second.promise, { message: 'enough' });
  await pool.drain();
});

test('the death of a host takes what it runs and not what was to be next', async (t) => {
  const { kind, pool } = await quickPool();
  const first = submit(pool, 'first');
  const second = submit(pool, 'second');
  await nextOf(kind);
  kind.host(0).die(new WorkerExitError({ exitCode: 3 }));
  await t.throwsAsync(first.promise, { instanceOf: WorkerExitError });
  await waitForCondition(
    'it has come so far',
    () => kind.hosts.length === 2 && kind.host(1).running !== undefined,
  );
  t.is(kind.host(1).running?.call.name, 'second');
  kind.host(1).goOn('after all');
  t.is(await second.promise, 'after all');
});

test('the last call of a host has nothing behind it', async (t) => {
  const { kind, pool } = await quickPool({ tasksPerHost: 3 });
  submit(pool, 'third');
  const fourth = submit(pool, 'fourth');
  await nextOf(kind);
  t.is(kind.aheads.length, 0);
  kind.host(0).goOn(undefined, AT_ONCE);
  await waitForCondition(
    'it has come so far',
    () => kind.hosts.length === 2 && kind.host(1).running !== undefined,
  );
  kind.host(1).goOn('in the next host');
  t.is(await fourth.promise, 'in the next host');
});

test('terminate ends what was sent ahead', async (t) => {
  for (const state of ['sent', 'begun'] as const) {
    const { kind, pool } = await quickPool();
    submit(pool, 'first');
    const second = submit(pool, 'second');
    await nextOf(kind);
    kind.ahead(0).state = state;
    const ended = pool.terminate();
    await t.throwsAsync(second.promise, { message: /terminated/ });
    await ended;
    t.is(pool.running, 0);
  }
});

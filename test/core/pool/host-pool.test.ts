import { AsyncLocalStorage } from 'node:async_hooks';
import anyTest, { type ExecutionContext } from 'ava';
import { executeInPool } from '#internal/core/pool/execute-in-pool.js';
import { HostPool, type PoolLimits } from '#internal/core/pool/host-pool.js';
import type { CallRequest } from '#internal/core/pool/pool-call.js';
import { executeAsync } from '#internal/core/async-execution.js';
import type { RunSyncOptions } from '#internal/core/options.js';
import { scopeOf, Timeout } from '#internal/core/timeout.js';
import { InvalidStateError } from '#internal/errors/invalid-state-error.js';
import { NotTransferableError } from '#internal/errors/not-transferable-error.js';
import { QueueFullError } from '#internal/errors/queue-full-error.js';
import { TimeoutError } from '#internal/errors/timeout-error.js';
import { WorkerExitError } from '#internal/errors/worker-exit-error.js';
import type { CallOutcome } from '#internal/strategy/isolation/host.js';
import { FakeKind, REQUEST, UNLIMITED, type FakeCall } from '../../harness/fake-host.js';

// The rules of pools, over hosts whose calls end when the test says so.

// Limits strike in some of them: one at a time.
const test = anyTest.serial;

const AMPLE = 60_000;
const LIMITS: PoolLimits = { ...UNLIMITED, size: 2 };

function makePool(
  kind: FakeKind = new FakeKind(),
  limits: Partial<PoolLimits> = {},
): { readonly kind: FakeKind; readonly pool: HostPool } {
  const options = { resourceLimits: undefined, initializer: undefined };
  const pool = new HostPool(kind, options, { ...LIMITS, ...limits });
  pools.push(pool);
  return { kind, pool };
}

const pools: HostPool[] = [];

// The limit of a call that a test leaves behind would keep the process alive.
test.afterEach.always(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.terminate()));
});

/** One call under a scope of its own. */
function submit(
  pool: HostPool,
  options: RunSyncOptions = {},
  request: Partial<CallRequest> = {},
): { readonly timeout: Timeout; readonly promise: Promise<unknown>; end(error: unknown): void } {
  const timeout = new Timeout(options.timeout, options);
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

async function timeoutFrom(t: ExecutionContext, promise: Promise<unknown>): Promise<TimeoutError> {
  return (await t.throwsAsync(promise, { instanceOf: TimeoutError })) as TimeoutError;
}

const stopped = (fields: Partial<Extract<CallOutcome, { kind: 'stopped' }>> = {}): CallOutcome => ({
  kind: 'stopped',
  reason: 'deadline',
  stage: 'interrupt',
  stopped: true,
  stuck: undefined,
  raised: undefined,
  endedAt: performance.now(),
  ...fields,
});

/** A host that ends its calls at their hard deadline, or when it is told. */
function makeObedient(kind: FakeKind, stage: 'interrupt' | 'terminate' = 'interrupt'): void {
  kind.onStop = (call) => {
    call.end(stopped({ reason: 'asked', stage }), stage === 'interrupt');
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const past = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets the promises settle that can. */
async function settleAll(): Promise<void> {
  await turn();
  await turn();
}

/** The call of that number, once it has been started. */
async function called(kind: FakeKind, index: number): Promise<FakeCall> {
  while (kind.calls.length <= index) await turn();
  return kind.call(index);
}

test('a call resolves with what its task returned', async (t) => {
  const { kind, pool } = makePool();
  const { promise, timeout } = submit(pool, { timeout: AMPLE });
  await settleAll();
  t.is(timeout.state, 'executing');
  kind.call(0).returns('value');
  t.is(await promise, 'value');
  t.is(timeout.state, 'executed');
});

test('a call rejects with what its task threw, whenever that came', async (t) => {
  const { kind, pool } = makePool();
  const { promise, timeout } = submit(pool, { timeout: AMPLE });
  await settleAll();
  const error = new RangeError('own');
  kind.call(0).end({ kind: 'threw', error, endedAt: performance.now() + 2 * AMPLE });
  t.is(await t.throwsAsync(promise), error);
  t.is(timeout.state, 'failed');
});

test('the clock decides: a value that was ready at the deadline is late', async (t) => {
  const { kind, pool } = makePool();
  const { promise } = submit(pool, { timeout: 5 });
  await settleAll();
  const { deadline } = kind.call(0).call;
  await past(10);
  kind.call(0).returns('value', deadline);
  const error = await timeoutFrom(t, promise);
  t.is(error.stage, 'late');
  t.is(error.strategy, 'worker');
  t.true(error.stopped);
  t.true(error.elapsed >= 5);
});

test('the clock decides: a value that was ready before the deadline is returned, however late it arrives', async (t) => {
  const { kind, pool } = makePool();
  const { promise, timeout } = submit(pool, { timeout: 5 });
  await settleAll();
  const { deadline } = kind.call(0).call;
  await past(20);
  kind.call(0).returns('value', deadline - 0.001);
  t.is(await promise, 'value');
  t.is(timeout.state, 'executed');
  t.false(timeout.expired);
});

test('the host is told deadline and hard deadline, and at the deadline to stop', async (t) => {
  const { kind, pool } = makePool();
  kind.onStop = (call) => {
    call.end(stopped({ stage: 'signal', endedAt: call.call.deadline + 3 }));
  };
  const { promise } = submit(pool, { timeout: 10, grace: 70_000 });
  const error = await timeoutFrom(t, promise);
  const call = kind.call(0);
  t.is(call.call.hardDeadline, call.call.deadline + 70_000);
  t.is(error.stage, 'signal');
  t.is(call.stops.length, 1);
  t.true(Math.abs((call.stops[0] as number) - call.call.hardDeadline) < 1);
});

test('the outcome of the host says how far the stop had to go, and where the task was stuck', async (t) => {
  const { kind, pool } = makePool();
  const stuck = new Error('here');
  kind.onStop = (call) => {
    call.end(stopped({ stage: 'abandoned', stopped: false, stuck }), false);
  };
  const { promise, timeout } = submit(pool, { timeout: 5 });
  const error = await timeoutFrom(t, promise);
  t.is(error.stage, 'abandoned');
  t.false(error.stopped);
  t.is(error.cause, stuck);
  t.is(error.scope, timeout);
  t.is(timeout.state, 'timed_out');
  t.regex(error.stack as string, /host-pool\.test/);
});

test('a timeout of 0 starts nothing', async (t) => {
  const { kind, pool } = makePool();
  const error = await timeoutFrom(t, submit(pool, { timeout: 0 }).promise);
  t.is(error.stage, 'refused');
  t.true(error.stopped);
  t.is(kind.hosts.length, 0);
});

test('default, error and onTimeout work as in run', async (t) => {
  const { kind, pool } = makePool();
  makeObedient(kind);
  const seen: unknown[] = [];
  const onTimeout = (error: unknown): void => {
    seen.push(error);
  };
  t.is(await submit(pool, { timeout: 5, default: -1, onTimeout }).promise, -1);
  t.is(await submit(pool, { timeout: 5, error: false, onTimeout }).promise, undefined);
  const own = new Error('own');
  t.is(await t.throwsAsync(submit(pool, { timeout: 5, error: own, onTimeout }).promise), own);
  t.is(seen.length, 3);
});

test('aborting the signal stops the task and rejects with the reason', async (t) => {
  const { kind, pool } = makePool();
  makeObedient(kind, 'terminate');
  const controller = new AbortController();
  const { promise, timeout } = submit(pool, { timeout: AMPLE, signal: controller.signal });
  await settleAll();
  const reason = new Error('gone');
  controller.abort(reason);
  t.is(await t.throwsAsync(promise), reason);
  t.is(timeout.state, 'interrupted');
  t.is(kind.call(0).stops.length, 1);
});

test('an aborted signal starts nothing', async (t) => {
  const { kind, pool } = makePool();
  const reason = new Error('gone');
  t.is(await t.throwsAsync(submit(pool, { signal: AbortSignal.abort(reason) }).promise), reason);
  t.is(kind.hosts.length, 0);
});

test('the deadline of a scope around reaches the host with the call, and ends it', async (t) => {
  const { kind, pool } = makePool();
  makeObedient(kind);
  const outer = new Timeout(AMPLE);
  let inner: Promise<unknown> | undefined;
  const promise = executeAsync(
    scopeOf(outer),
    async () => {
      inner = submit(pool, { timeout: AMPLE, grace: 5_000 }).promise;
      return await inner;
    },
    submit,
  );
  const { deadline, hardDeadline } = (await called(kind, 0)).call;
  t.true(Math.abs(deadline - outer.deadline) < 1);
  t.is(hardDeadline, deadline);
  outer.reschedule(10);
  const error = await timeoutFrom(t, promise);
  t.is(error.scope, outer);
  t.is(await t.throwsAsync(inner as Promise<unknown>), error);
});

test('a run around waits until the task has ended, and says that it is stopped', async (t) => {
  const { kind, pool } = makePool();
  kind.onStop = (call) => {
    setTimeout(() => {
      call.end(stopped({ reason: 'asked', stage: 'terminate' }), false);
    }, 30);
  };
  const outer = new Timeout(AMPLE);
  const promise = executeAsync(
    scopeOf(outer),
    () => submit(pool, { timeout: AMPLE }).promise,
    submit,
  );
  await called(kind, 0);
  outer.reschedule(10);
  const error = await timeoutFrom(t, promise);
  t.true(error.stopped);
  t.is(error.stage, 'signal');
  t.is(kind.call(0).host.end, 'terminate');
});

test('moving a deadline around reaches the host; so does the end of the run around', async (t) => {
  const { kind, pool } = makePool();
  const outer = new Timeout(AMPLE);
  let inner: Promise<unknown> | undefined;
  const release: (() => void)[] = [];
  const promise = executeAsync(
    scopeOf(outer),
    async () => {
      inner = submit(pool, { timeout: 2 * AMPLE }).promise;
      await new Promise<void>((resolve) => release.push(resolve));
    },
    submit,
  );
  await settleAll();
  const call = kind.call(0);
  outer.reschedule(AMPLE / 2);
  t.true(Math.abs((call.moves.at(-1)?.deadline as number) - outer.deadline) < 1);
  outer.cancel();
  const own = call.moves.at(-1)?.deadline as number;
  t.true(own > performance.now() + AMPLE);
  release[0]?.();
  await promise;
  t.is(call.moves.at(-1)?.deadline, own);
  call.returns(1);
  t.is(await inner, 1);
});

test('calls wait for a free host, in order', async (t) => {
  const { kind, pool } = makePool();
  const calls = [1, 2, 3, 4].map((n) => submit(pool, { timeout: AMPLE }, { args: [n] }));
  await settleAll();
  t.is(kind.hosts.length, 2);
  t.is(kind.calls.length, 2);
  t.is(pool.waiting, 2);
  kind.call(1).returns('b');
  await settleAll();
  t.deepEqual(kind.call(2).call.args, [3]);
  kind.call(2).returns('c');
  kind.call(0).returns('a');
  await settleAll();
  kind.call(3).returns('d');
  t.deepEqual(await Promise.all(calls.map(({ promise }) => promise)), ['a', 'b', 'c', 'd']);
  t.is(kind.hosts.length, 2);
});

test('the clock of a timeout starts when a host takes the task', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  const first = submit(pool, { timeout: AMPLE });
  const second = submit(pool, { timeout: 50 });
  await past(80);
  t.is(second.timeout.state, 'executing');
  const begin = performance.now();
  kind.call(0).returns(1);
  await first.promise;
  await settleAll();
  t.true(kind.call(1).call.deadline >= begin + 50);
  kind.call(1).returns(2, kind.call(1).call.deadline - 1);
  t.is(await second.promise, 2);
});

test('with startupCounts the clock starts with the call', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  void submit(pool, { timeout: AMPLE });
  const second = submit(pool, { timeout: 10 }, { startupCounts: true });
  const error = await timeoutFrom(t, second.promise);
  t.is(error.stage, 'refused');
  t.is(error.clock, 'wall');
  t.is(kind.calls.length, 1);
});

test('a deadline, a signal and the scopes around count while a call waits', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  void submit(pool, { timeout: AMPLE });
  const byDeadline = submit(pool, { deadline: performance.now() + 10 });
  t.is((await timeoutFrom(t, byDeadline.promise)).stage, 'refused');
  const controller = new AbortController();
  const bySignal = submit(pool, { timeout: AMPLE, signal: controller.signal });
  const reason = new Error('gone');
  controller.abort(reason);
  t.is(await t.throwsAsync(bySignal.promise), reason);
  const outer = new Timeout(10);
  const around = executeAsync(
    scopeOf(outer),
    () => submit(pool, { timeout: AMPLE }).promise,
    submit,
  );
  const error = await timeoutFrom(t, around);
  t.is(error.scope, outer);
  t.true(error.stopped);
  t.is(pool.waiting, 0);
  t.is(kind.calls.length, 1);
});

test('queueTimeout limits the wait and nothing else', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  const first = submit(pool, { timeout: AMPLE }, { queueTimeout: AMPLE });
  const second = submit(pool, { timeout: AMPLE, name: 'report' }, { queueTimeout: 10 });
  const error = await timeoutFrom(t, second.promise);
  t.is(error.stage, 'refused');
  t.is(error.clock, 'queue');
  t.is(error.timeout, 10);
  t.true(error.elapsed >= 10);
  t.is(error.message, 'Waited 10 ms for a free worker: `report` (not started)');
  await past(20);
  kind.call(0).returns('first');
  t.is(await first.promise, 'first');
});

test('a queue that is full refuses; what there are hosts for does not wait', async (t) => {
  const { kind, pool } = makePool(undefined, { maxQueue: 1 });
  kind.isReadyAtOnce = false;
  const calls = [1, 2, 3].map(() => submit(pool, { timeout: AMPLE }).promise);
  const error = await t.throwsAsync(submit(pool).promise, { instanceOf: QueueFullError });
  t.is((error as QueueFullError).maxQueue, 1);
  t.is((error as QueueFullError).code, 'ERR_HARDSTOP_QUEUE_FULL');
  kind.onCall = (call) => {
    call.returns(call.host.id);
  };
  for (const host of kind.hosts) host.becomeReady();
  t.is((await Promise.all(calls)).length, 3);
});

test('a call that cannot be sent rejects, and its host takes the next one', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  kind.refuse = (call) => {
    if (call.args[0] === 'bad') throw new NotTransferableError('bad');
  };
  kind.onCall = (call) => {
    call.returns('good');
  };
  await t.throwsAsync(submit(pool, {}, { args: ['bad'] }).promise, {
    instanceOf: NotTransferableError,
  });
  const bad = submit(pool, {}, { args: ['bad'] }).promise;
  const good = submit(pool).promise;
  await t.throwsAsync(bad, { instanceOf: NotTransferableError });
  t.is(await good, 'good');
  t.is(kind.hosts.length, 1);
});

test('a host that dies fails its call alone, and is replaced at once', async (t) => {
  const { kind, pool } = makePool();
  const first = submit(pool, { timeout: AMPLE });
  const second = submit(pool, { timeout: AMPLE });
  await settleAll();
  const death = new WorkerExitError({ exitCode: 3 });
  kind.host(0).die(death);
  t.is(await t.throwsAsync(first.promise), death);
  await settleAll();
  t.is(kind.hosts.length, 3);
  kind.call(1).returns('unharmed');
  t.is(await second.promise, 'unharmed');
  t.is(pool.counters.lost, 1);
});

test('a host that dies while it is idle is replaced', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  kind.onCall = (call) => {
    call.returns(call.host.id);
  };
  t.is(await submit(pool).promise, 1);
  kind.host(0).die(new Error('killed'));
  await settleAll();
  t.is(kind.hosts.length, 2);
  t.is(await submit(pool).promise, 2);
});

test('a host that had to be ended is replaced, before anybody asks', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  makeObedient(kind, 'terminate');
  const first = submit(pool, { timeout: 5 });
  const second = submit(pool, { timeout: AMPLE });
  await timeoutFrom(t, first.promise);
  await settleAll();
  t.is(kind.hosts.length, 2);
  t.is(kind.host(0).end, 'terminate');
  kind.call(1).returns('next');
  t.is(await second.promise, 'next');
});

test('a host that survived the stop runs the next call', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  makeObedient(kind);
  const first = submit(pool, { timeout: 5 });
  const second = submit(pool, { timeout: AMPLE });
  await timeoutFrom(t, first.promise);
  await settleAll();
  t.is(kind.hosts.length, 1);
  kind.call(1).returns('next');
  t.is(await second.promise, 'next');
});

test('a host that cannot start rejects one call, and the next one tries again', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  kind.isReadyAtOnce = false;
  const first = submit(pool, { timeout: AMPLE });
  const second = submit(pool, { timeout: AMPLE });
  const failure = new Error('no initializer');
  kind.host(0).failToStart(failure);
  t.is(await t.throwsAsync(first.promise), failure);
  kind.host(1).failToStart(failure);
  t.is(await t.throwsAsync(second.promise), failure);
  await settleAll();
  t.is(kind.hosts.length, 2);
  t.is(pool.hostCount, 0);
});

test('after its number of calls a host is replaced', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1, tasksPerHost: 2 });
  kind.onCall = (call) => {
    call.returns(call.host.id);
  };
  const ids = await Promise.all([1, 2, 3, 4, 5].map(() => submit(pool).promise));
  t.deepEqual(ids, [1, 1, 2, 2, 3]);
  t.is(kind.host(0).end, 'close');
  t.is(pool.counters.recycled, 2);
});

test('hosts beyond the minimum are let go when they have been idle', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 3, minimum: 1, idleTimeout: 10 });
  t.is(kind.hosts.length, 1);
  kind.onCall = (call) => {
    setImmediate(() => {
      call.returns(call.host.id);
    });
  };
  await Promise.all([1, 2, 3].map(() => submit(pool).promise));
  t.is(pool.hostCount, 3);
  for (let waited = 0; pool.hostCount > 1 && waited < 200; waited++) await past(10);
  t.is(pool.hostCount, 1);
  t.is(kind.hosts.filter(({ end }) => end === 'close').length, 2);
});

test('only calls keep the process alive', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1, minimum: 1 });
  await settleAll();
  t.false(kind.host(0).isReferenced);
  const { promise } = submit(pool, { timeout: AMPLE });
  t.true(kind.host(0).isReferenced);
  kind.call(0).returns(1);
  await promise;
  t.false(kind.host(0).isReferenced);
});

test('a host that starts keeps the process alive while a call waits for it', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  kind.isReadyAtOnce = false;
  const controller = new AbortController();
  const { promise } = submit(pool, { timeout: AMPLE, signal: controller.signal });
  t.true(kind.host(0).isReferenced);
  controller.abort(new Error('gone'));
  await t.throwsAsync(promise);
  t.false(kind.host(0).isReferenced);
});

test('drain waits for what runs and waits, and the pool goes on', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  await pool.drain();
  const calls = [submit(pool).promise, submit(pool).promise];
  let isDrained = false;
  const drained = pool.drain().then(() => (isDrained = true));
  await settleAll();
  kind.call(0).returns(1);
  await settleAll();
  t.false(isDrained);
  kind.call(1).returns(2);
  await drained;
  t.deepEqual(await Promise.all(calls), [1, 2]);
  t.true(pool.isOpen);
});

test('close lets what was taken finish, refuses the rest, and ends the hosts', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  const calls = [submit(pool).promise, submit(pool).promise];
  const closed = pool.close();
  await t.throwsAsync(submit(pool).promise, { instanceOf: InvalidStateError });
  await settleAll();
  kind.call(0).returns(1);
  await settleAll();
  kind.call(1).returns(2);
  t.deepEqual(await Promise.all(calls), [1, 2]);
  await closed;
  t.is(kind.hosts.length, 1);
  t.is(kind.host(0).end, 'close');
  await pool.close();
});

test('terminate ends what runs and what waits', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  const running = submit(pool, { timeout: AMPLE });
  const waiting = submit(pool, { timeout: AMPLE });
  await settleAll();
  const ended = pool.terminate();
  await t.throwsAsync(running.promise, { instanceOf: InvalidStateError });
  await t.throwsAsync(waiting.promise, { instanceOf: InvalidStateError });
  await ended;
  t.is(running.timeout.state, 'interrupted');
  t.is(kind.hosts.length, 1);
  t.is(kind.host(0).end, 'terminate');
});

test('an error that was raised in the host interrupts the call', async (t) => {
  const { kind, pool } = makePool();
  const { promise, timeout } = submit(pool, { timeout: AMPLE });
  await settleAll();
  const raised = new Error('raised');
  kind.call(0).end(stopped({ reason: 'raised', raised }));
  t.is(await t.throwsAsync(promise), raised);
  t.is(timeout.state, 'interrupted');
});

test('a used-up CPU limit is a timeout of the CPU clock', async (t) => {
  const { kind, pool } = makePool();
  const { promise } = submit(pool, { timeout: AMPLE, cpuTimeout: 10 });
  await settleAll();
  t.is(kind.call(0).call.cpuTimeout, 10);
  kind.call(0).end(stopped({ reason: 'cpu' }));
  const error = await timeoutFrom(t, promise);
  t.is(error.clock, 'cpu');
  t.is(error.timeout, 10);
});

test('messages arrive in the scope and the context of the call', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const first = submit(pool, { timeout: AMPLE });
  const second = storage.run('mine', () =>
    submit(
      pool,
      { timeout: AMPLE },
      {
        onMessage: (message) => {
          seen.push(message, storage.getStore());
          second.timeout.reschedule(2 * AMPLE);
        },
      },
    ),
  );
  await settleAll();
  kind.call(0).returns(1);
  await first.promise;
  await settleAll();
  const call = kind.call(1);
  call.call.onMessage?.('half');
  t.deepEqual(seen, ['half', 'mine']);
  t.is(call.moves.length, 1);
  call.returns(2);
  await second.promise;
  call.call.onMessage?.('too late');
  t.is(seen.length, 2);
});

test('what onMessage throws ends the call', async (t) => {
  const { kind, pool } = makePool();
  makeObedient(kind);
  const thrown = new Error('thrown');
  const { promise } = submit(
    pool,
    { timeout: AMPLE },
    {
      onMessage: () => {
        throw thrown;
      },
    },
  );
  await settleAll();
  kind.call(0).call.onMessage?.(1);
  t.is(await t.throwsAsync(promise), thrown);
});

test('callbacks of a call that has waited are called in its own context', async (t) => {
  const { kind, pool } = makePool(undefined, { size: 1 });
  const storage = new AsyncLocalStorage<string>();
  const first = storage.run('first', () => submit(pool, { timeout: AMPLE }));
  let store: string | undefined;
  const second = storage.run('second', () =>
    submit(pool, {
      timeout: 5,
      default: 0,
      onTimeout: () => {
        store = storage.getStore();
      },
    }),
  );
  await settleAll();
  kind.call(0).returns(1);
  await first.promise;
  await settleAll();
  const late: FakeCall = kind.call(1);
  await past(10);
  late.returns(1);
  await second.promise;
  t.is(store, 'second');
});

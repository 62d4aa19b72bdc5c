import { pathToFileURL } from 'node:url';
import ava, { type ExecutionContext } from 'ava';
import { runSync } from '#internal/api/run-sync.js';
import { NotTransferableError } from '#internal/errors/not-transferable-error.js';
import { TimeoutError } from '#internal/errors/timeout-error.js';
import { functionSource } from '#internal/strategy/function-source.js';
import { nativeRefusal } from '#internal/strategy/native-strategy.js';
import { startBridgeCall, type BridgeCall } from '#internal/strategy/sync-bridge/bridge-call.js';
import { BRIDGE_EXPIRED, callBridge } from '#internal/strategy/sync-bridge/call-bridge.js';
import { fixturePath, runFixture } from '../../harness/run-fixture.js';
import { REACHABLE } from '../../harness/work.js';

const test = ava.serial;
const nativeTest = nativeRefusal === undefined ? test : ava.skip;

const run = (work: (...args: never[]) => unknown, args: readonly unknown[] = []): object => ({
  kind: 'run',
  options: { resourceLimits: undefined, initializer: undefined },
  task: functionSource(work),
  args,
  deadline: Infinity,
  hardDeadline: Infinity,
  interruptAt: Infinity,
  cpuTimeout: Infinity,
  name: undefined,
  hasListener: true,
});

const messages = (count: number): object => ({
  ...run(() => undefined, [count]),
  task: {
    kind: 'module',
    url: pathToFileURL(fixturePath('process/tasks')).href,
    exportName: 'flood',
  },
});

const valueOf = (answer: unknown): unknown => (answer as { readonly value: unknown }).value;

function assertServesNext(t: ExecutionContext): void {
  const next = run(() => 'next');
  t.is(valueOf(callBridge('process', next, { until: Infinity })), 'next');
}

test('a call blocks until its answer is there', (t) => {
  t.is(
    valueOf(
      callBridge(
        'process',
        run((a: number) => a + 1, [1]),
        { until: Infinity },
      ),
    ),
    2,
  );
});

test('events come in order, while the call waits, in the caller', (t) => {
  const events: unknown[] = [];
  const answer = callBridge('process', messages(1000), {
    until: Infinity,
    onEvent: (event) => events.push(event),
  });
  t.is(valueOf(answer), 1000);
  t.deepEqual(
    events,
    Array.from({ length: 1000 }, (_, index) => index),
  );
});

test('a callback may make calls of its own', (t) => {
  const inner: unknown[] = [];
  const answer = callBridge('process', messages(3), {
    until: Infinity,
    onEvent: (event) => {
      inner.push(
        valueOf(
          callBridge(
            'process',
            run((n: number) => n * 10, [event]),
            { until: Infinity },
          ),
        ),
      );
    },
  });
  t.is(valueOf(answer), 3);
  t.deepEqual(inner, [0, 10, 20]);
});

test('what a callback throws is thrown by the wait, and the next call is not disturbed', (t) => {
  const onEvent = (): never => {
    throw new RangeError('from the callback');
  };
  t.throws(() => callBridge('process', messages(100), { until: Infinity, onEvent }), {
    instanceOf: RangeError,
  });
  assertServesNext(t);
});

test('a call that is not answered in time is given up, and stopped', (t) => {
  const spin = run(() => {
    for (;;);
  });
  t.is(callBridge('process', spin, { until: performance.now() + 50 }), BRIDGE_EXPIRED);
  assertServesNext(t);
});

test('a stopped call answers', (t) => {
  const call = startBridgeCall(
    'process',
    run(() => new Promise(() => setInterval(() => 0, 1e3))),
  );
  t.is(call.wait(performance.now() + 200), 'expired');
  call.stop(performance.now());
  t.is(call.wait(Infinity), 'answered');
  t.like(call.take(), { kind: 'stopped', reason: 'asked' });
});

test('a request that cannot be cloned is refused', (t) => {
  t.throws(() => startBridgeCall('process', { kind: 'run', options: () => 1 }), {
    instanceOf: NotTransferableError,
  });
});

nativeTest('a wait is unwound by the hard stop of a scope around', (t) => {
  let call: BridgeCall | undefined;
  t.throws(
    () =>
      runSync((scope) => {
        const begun = startBridgeCall(
          'process',
          run(() => {
            for (;;);
          }),
        );
        call = begun;
        scope.defer(() => {
          begun.abandon();
        });
        begun.wait(Infinity);
      }, REACHABLE),
    { instanceOf: TimeoutError },
  );
  t.not(call, undefined);
  assertServesNext(t);
});

test('calls from worker threads have bridges and processes of their own', async (t) => {
  const child = await runFixture('process/bridge-in-workers');
  t.is(child.stdout, '2 false\n', child.stderr);
  t.is(child.code, 0);
});

// The event loop is awake, and an error made, ahead of a deadline. Nobody is to notice.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import test, { type ExecutionContext } from 'ava';
import { run, Timeout, TimeoutError, type ScopeOptions } from 'hardstop';
import type { TimeoutMessage } from '#internal/core/diagnostics.js';
import { repetitions } from '../harness/repetitions.js';

const forever = (): Promise<never> => new Promise(() => undefined);
const now = (): number => performance.now();

/** Times out, and checks on the way that nothing of it shows before the deadline; returns when it was told. */
async function expire(
  t: ExecutionContext,
  timeout: number,
  options: ScopeOptions = {},
): Promise<number> {
  let deadline = -Infinity;
  const before = now();
  const isTime = (): void => {
    t.true(now() >= deadline);
    t.true(now() - before >= timeout);
  };
  const scope = new Timeout(timeout, { ...options, onTimeout: isTime });
  const promise = scope.run(forever);
  ({ deadline } = scope);
  const error = await t.throwsAsync<TimeoutError>(promise, { instanceOf: TimeoutError });
  const told = now();
  isTime();
  t.is(error.timeout, timeout);
  t.true(error.elapsed >= timeout);
  t.true(scope.elapsed() >= error.timeout);
  // On a busy machine the thread may be put aside in the first part, for longer than that.
  const isAbandoned = error.stage === 'abandoned';
  t.is(error.stopped, !isAbandoned);
  if (isAbandoned) t.is(error.strategy, 'cooperative');
  t.regex(String(error.stack), /^TimeoutError: Timed out after .*\n {4}at /);
  t.is(scope.state, 'timed_out');
  return told;
}

test.serial('a timeout is told at its deadline or later, in whatever way', async (t) => {
  const publish = (message: unknown): void => {
    const { scope, error } = message as TimeoutMessage;
    t.true((scope as Timeout).elapsed() >= error.timeout);
  };
  subscribe('hardstop:timeout', publish);
  t.teardown(() => unsubscribe('hardstop:timeout', publish));
  for (let i = 0; i < repetitions(200); i++) await expire(t, 1 + Math.random() * 5);
});

test.serial('each of many that are due about the same time has its own deadline', async (t) => {
  for (let i = 0; i < repetitions(10); i++) {
    const limits = Array.from({ length: 50 }, (_, index) => 5 + (index % 25) * 0.02);
    await Promise.all(limits.map((limit) => expire(t, limit)));
  }
});

test.serial('of two that end at the same instant both are told', async (t) => {
  for (let i = 0; i < repetitions(50); i++) {
    const deadline = now() + 5;
    const errors = await Promise.all(
      [1, 2, 3].map(() =>
        run(forever, { deadline }).catch((error: unknown) => ({ error, told: now() })),
      ),
    );
    for (const { error, told } of errors as { error: unknown; told: number }[]) {
      t.true(error instanceof TimeoutError);
      t.true(told >= deadline);
    }
  }
});

test.serial('work that listens is asked to stop at the deadline or later', async (t) => {
  for (let i = 0; i < repetitions(100); i++) {
    const scope = new Timeout(3);
    await t.throwsAsync(
      scope.run(() => {
        return new Promise((_resolve, reject) => {
          scope.signal.addEventListener('abort', () => {
            t.true(now() >= scope.deadline);
            reject(scope.signal.reason as Error);
          });
        });
      }),
      { instanceOf: TimeoutError },
    );
  }
});

test.serial('what else the thread does in between changes nothing', async (t) => {
  let isOver = false;
  const busy = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
    }
  })();
  for (let i = 0; i < repetitions(100); i++) await expire(t, 1 + Math.random() * 4);
  isOver = true;
  await busy;
});

test.serial('what happens shortly before a deadline still happens before it', async (t) => {
  // The loop is woken ahead by 0.3 ms at first, and turns until the deadline.
  let happened = 0;
  for (let i = 0; i < 500 && happened < 5; i++) {
    const scope = new Timeout(3 + (i % 10), { error: false });
    let isNear = false;
    await scope.run(async () => {
      while (!scope.expired) {
        await new Promise((resolve) => setImmediate(resolve));
        isNear ||= now() > scope.deadline - 0.1 && !scope.expired;
      }
    });
    if (isNear) happened++;
  }
  t.is(happened, 5);
});

test.serial('a limit below the lead leaves its work the time that it has', async (t) => {
  let values = 0;
  let inTime = 0;
  for (let i = 0; i < 500 && values < 5; i++) {
    // So that there is a lead again.
    await new Promise((resolve) => setTimeout(resolve, 8));
    const scope = new Timeout(0.28, { error: false });
    const work = (): Promise<string> =>
      new Promise((resolve) => {
        setImmediate(() => {
          if (now() < scope.deadline) inTime++;
          resolve('value');
        });
      });
    if ((await scope.run(work)) === 'value') values++;
  }
  // Whether the loop turns within so little time is the machine's affair.
  t.true(values === 5 || inTime < 50, `${String(values)} of ${String(inTime)}`);
});

test.serial('work that settles just then either ends in time or too late', async (t) => {
  let inTime = 0;
  let tooLate = 0;
  for (let i = 0; i < repetitions(200); i++) {
    const scope = new Timeout(3, { default: 'timeout' });
    const value = await scope.run(async (): Promise<string> => {
      const until = scope.deadline - Math.random() * 0.5;
      while (now() < until) await new Promise((resolve) => setImmediate(resolve));
      return 'value';
    });
    if (value === 'value') {
      inTime++;
      t.is(scope.state, 'executed');
    } else {
      tooLate++;
      t.true(now() >= scope.deadline);
      t.is(scope.state, 'timed_out');
    }
  }
  t.log(`${String(inTime)} in time, ${String(tooLate)} too late`);
});

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import {
  asyncRaise,
  InvalidOptionError,
  InvalidThreadError,
  runSync,
  StrategyUnavailableError,
  Timeout,
} from 'hardstop';
import { fallbackTest, nativeTest } from '../harness/native-test.js';
import { outcomeOf } from '../harness/outcome.js';
import { runFixture } from '../harness/run-fixture.js';
import { loopForever, spin } from '../harness/work.js';

nativeTest(
  'an error that a thread raises in itself ends its innermost scope, with that very error',
  (t) => {
    const outer = new Timeout(60_000);
    const inner = new Timeout(60_000);
    const error = new RangeError('raised');
    let reached = false;
    const caught = outer.runSync(() =>
      outcomeOf(() =>
        inner.runSync(() => {
          try {
            asyncRaise(0, error);
            reached = true;
            loopForever();
          } finally {
            reached = true;
          }
        }),
      ),
    );
    t.is(caught.error, error);
    t.false(reached);
    t.deepEqual([inner.state, outer.state], ['interrupted', 'executed']);
  },
);

nativeTest('`default` and `error` say nothing of an error that is raised', (t) => {
  const error = new Error('raised');
  let timeouts = 0;
  const outcome = outcomeOf(() =>
    runSync(
      () => {
        asyncRaise(0, error);
      },
      { timeout: 60_000, default: 'default', onTimeout: () => timeouts++ },
    ),
  );
  t.is(outcome.error, error);
  t.is(timeouts, 0);
});

nativeTest('where no scope runs nothing is raised, and the answer is false', (t) => {
  t.false(asyncRaise(0, new Error('raised')));
  spin(1);
});

nativeTest('a scope without a limit is one that can be ended', (t) => {
  const error = new Error('raised');
  const outcome = outcomeOf(() =>
    runSync(() => {
      asyncRaise(0, error);
      loopForever();
    }, undefined),
  );
  t.is(outcome.error, error);
});

nativeTest('the first error stays', (t) => {
  const first = new Error('first');
  const answers: boolean[] = [];
  const scope = new Timeout(60_000);
  const outcome = outcomeOf(() =>
    scope.runSync(() => {
      scope.shield(() => {
        answers.push(asyncRaise(0, first), asyncRaise(0, new Error('second')));
      });
      loopForever();
    }),
  );
  t.is(outcome.error, first);
  t.deepEqual(answers, [true, false]);
});

nativeTest('an unknown thread is an error', (t) => {
  for (const id of [99_999, -1, 2 ** 31, 2 ** 40]) {
    const { error } = outcomeOf(() => asyncRaise(id, new Error('raised')));
    t.true(error instanceof InvalidThreadError, String(id));
    t.is((error as InvalidThreadError).threadId, id);
    t.is((error as InvalidThreadError).code, 'ERR_HARDSTOP_INVALID_THREAD');
    t.true((error as Error).message.includes(String(id)));
  }
});

test('what is no thread id or no error is refused', (t) => {
  for (const id of ['0', undefined, null, 0n]) {
    const { error } = outcomeOf(() => asyncRaise(id as never, new Error('raised')));
    t.true(error instanceof InvalidOptionError && error instanceof TypeError);
    t.is((error as unknown as InvalidOptionError).option, 'threadId');
  }
  for (const id of [0.5, NaN, Infinity]) {
    const { error } = outcomeOf(() => asyncRaise(id, new Error('raised')));
    t.true(error instanceof InvalidOptionError && error instanceof RangeError);
  }
  for (const bad of ['text', undefined, null, {}, { message: 'x' }]) {
    const { error } = outcomeOf(() => asyncRaise(0, bad as never));
    t.true(error instanceof InvalidOptionError && error instanceof TypeError);
    t.is((error as unknown as InvalidOptionError).option, 'error');
  }
});

fallbackTest('without the addon it is refused with the reason', (t) => {
  const { error } = outcomeOf(() => asyncRaise(0, new Error('raised')));
  t.true(error instanceof StrategyUnavailableError);
  t.true((error as Error).cause instanceof Error);
});

nativeTest(
  'a worker that lives but runs no scope answers false, one that has ended is unknown',
  async (t) => {
    const worker = new Worker('setInterval(() => {}, 1000);', { eval: true });
    await once(worker, 'online');
    const { threadId } = worker;
    t.false(asyncRaise(threadId, new Error('raised')));
    await worker.terminate();
    t.throws(() => asyncRaise(threadId, new Error('raised')), { instanceOf: InvalidThreadError });
  },
);

interface Received {
  readonly delivered: boolean;
  readonly same: boolean;
  readonly name: string;
  readonly message: string;
  readonly code: unknown;
  readonly isRangeError: boolean;
  readonly stack: string;
  readonly cause: string;
  readonly state: string;
  readonly after: string;
}

for (const route of ['main to worker', 'worker to main', 'worker to worker', 'self']) {
  nativeTest(
    `an error keeps class, message, properties, stack and cause on its way: ${route}`,
    async (t) => {
      const child = await runFixture('semantics/raise', { args: [route] });
      t.is(child.code, 0, child.stderr);
      const received = JSON.parse(child.stdout) as Received;
      t.like(received, {
        delivered: true,
        name: 'RangeError',
        message: 'raised',
        code: 'E_RAISED',
        isRangeError: true,
        cause: 'Error: why',
        state: 'interrupted',
        after: 'works on',
      });
      t.is(received.same, route === 'self');
      t.regex(received.stack, /^RangeError: raised\n +at makeError /);
    },
  );
}

import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { markIdle } from '#internal/entry/idle-resources.js';
import { MovedLimits } from '#internal/entry/moved-limits.js';
import { serveTask } from '#internal/entry/serve-task.js';
import { moveTaskDeadlines, stopTask } from '#internal/entry/task-orders.js';
import { taskMessenger } from '#internal/entry/task-messages.js';
import type { TaskReply, TaskRequest } from '#internal/entry/task-request.js';
import { sharedNow } from '#internal/entry/worker-cells.js';
import { fromTransferable } from '#internal/errors/transfer.js';
import { nativeRefusal } from '#internal/strategy/native-strategy.js';
import { functionSource } from '#internal/strategy/function-source.js';

const PACKAGE = new URL('../../../dist/', import.meta.url).href;
const hasAddon = nativeRefusal === undefined;
const testWithAddon = hasAddon ? test.serial : test.skip;

let lastId = 0;

type Source = (...args: never[]) => unknown;

function request(task: Source, rest: Partial<TaskRequest> = {}): TaskRequest {
  return {
    id: ++lastId,
    task: functionSource(task),
    args: [PACKAGE],
    deadline: Infinity,
    hardDeadline: rest.deadline ?? Infinity,
    cpuTimeout: Infinity,
    name: undefined,
    ...rest,
  };
}

/**
 * The reply to a task that is stopped at that stage: where a crowded machine does not let it begin, or be stopped, in time,
 * not the first one.
 */
async function stoppedAt(
  stage: string,
  serve: () => Promise<TaskReply>,
): Promise<TaskReply & { kind: 'stopped' }> {
  for (let again = 0; ; again++) {
    const reply = await serve();
    const isThat = reply.kind === 'stopped' && reply.stage === stage;
    if (isThat || again === 50) return reply as TaskReply & { kind: 'stopped' };
  }
}

test.before(() => {
  markIdle();
});

const forever = (): never => {
  for (;;);
};
/** Settles when its scope tells it to. */
const obedient = async (dist: string): Promise<void> => {
  const { currentScope } = (await import(`${dist}api/current-scope.js`)) as {
    currentScope(): { signal: AbortSignal };
  };
  const { setTimeout: wait } = await import('node:timers/promises');
  await wait(60_000, undefined, { signal: currentScope().signal });
};
/** Settles when the test says so. */
const deaf = (): Promise<void> =>
  new Promise((resolve) => {
    (globalThis as Released).release = resolve;
  });

interface Released {
  release?: () => void;
}

test.serial('a task is called with its arguments, and its result is the reply', async (t) => {
  const reply = await serveTask(request((a: number, b: number) => a + b, { args: [1, 2] }));
  t.like(reply, { kind: 'returned', value: 3, id: lastId });
  t.true(reply.endedAt <= sharedNow());
});

test.serial('an error of the task is the reply', async (t) => {
  const reply = await serveTask(
    request(() => {
      throw new RangeError('mine');
    }),
  );
  t.is(reply.kind, 'threw');
  const error = fromTransferable((reply as TaskReply & { kind: 'threw' }).error);
  t.true(error instanceof RangeError);
});

testWithAddon('a loop is interrupted at the deadline, and the next task runs', async (t) => {
  let deadline = 0;
  const reply = await stoppedAt('interrupt', () => {
    deadline = sharedNow() + 20;
    return serveTask(request(forever, { deadline }));
  });
  t.like(reply, { kind: 'stopped', reason: 'deadline', stage: 'interrupt', stopped: true });
  t.true(reply.endedAt >= deadline);
  t.true(reply.reusable);
  t.regex(String((fromTransferable(reply.stuck as never) as Error).stack), /forever|hardstop-task/);
  t.like(await serveTask(request(() => 1)), { kind: 'returned', value: 1 });
});

testWithAddon('within the grace a loop may end itself at a checkpoint', async (t) => {
  const check = async (dist: string): Promise<never> => {
    const { currentScope } = (await import(`${dist}api/current-scope.js`)) as {
      currentScope(): { checkpoint(): void };
    };
    const scope = currentScope();
    for (;;) scope.checkpoint();
  };
  const reply = await stoppedAt('checkpoint', () => {
    const deadline = sharedNow() + 20;
    return serveTask(request(check, { deadline, hardDeadline: deadline + 60_000 }));
  });
  t.like(reply, { kind: 'stopped', reason: 'deadline', stage: 'checkpoint', stopped: true });
});

testWithAddon(
  'what runs without a break can be interrupted before the hard deadline',
  async (t) => {
    const reply = await stoppedAt('interrupt', () => {
      const deadline = sharedNow() + 20;
      return serveTask(
        request(forever, { deadline, hardDeadline: deadline + 60_000, interruptAt: deadline }),
      );
    });
    t.like(reply, { kind: 'stopped', reason: 'deadline', stage: 'interrupt', stopped: true });
  },
);

test.serial('a promise that obeys the signal has stopped', async (t) => {
  const reply = await stoppedAt('signal', () => {
    const deadline = sharedNow() + 20;
    return serveTask(request(obedient, { deadline, hardDeadline: deadline + 60_000 }));
  });
  t.like(reply, { kind: 'stopped', reason: 'deadline', stage: 'signal', stopped: true });
  t.true(reply.reusable);
});

test.serial(
  'a promise that does not is given up, and the host is not to be used again',
  async (t) => {
    const reply = await stoppedAt('abandoned', () =>
      serveTask(request(deaf, { deadline: sharedNow() + 20 })),
    );
    t.like(reply, { kind: 'stopped', stage: 'abandoned', stopped: false, reusable: false });
    (globalThis as Released).release?.();
  },
);

test.serial('a task whose deadline has passed is not started', async (t) => {
  const reply = await serveTask(request(() => process.exit(1), { deadline: sharedNow() - 1 }));
  t.like(reply, { kind: 'stopped', stage: 'refused', stopped: true });
});

test.serial('a task is asked to stop, and hears it', async (t) => {
  const pending = serveTask(request(obedient, { deadline: sharedNow() + 60_000 }));
  await sleep(20);
  stopTask(lastId, sharedNow() + 60_000);
  t.like(await pending, { kind: 'stopped', reason: 'asked', stage: 'signal', stopped: true });
});

test.serial('asked once more, the earlier hard deadline counts', async (t) => {
  const pending = serveTask(request(deaf));
  await sleep(1);
  stopTask(lastId, sharedNow() + 60_000);
  await sleep(10);
  stopTask(lastId, sharedNow());
  t.like(await pending, { kind: 'stopped', reason: 'asked', stage: 'abandoned', stopped: false });
  (globalThis as Released).release?.();
});

test.serial('the deadline of a running task can be moved', async (t) => {
  const pending = serveTask(request(obedient, { deadline: sharedNow() + 60_000 }));
  await sleep(20);
  const deadline = sharedNow() + 20;
  moveTaskDeadlines(lastId, deadline, deadline + 60_000);
  t.like(await pending, { kind: 'stopped', reason: 'deadline', stage: 'signal' });
});

testWithAddon(
  'a limit that strikes before the task has begun does not cost the worker',
  async (t) => {
    const moved = new MovedLimits();
    // The time that the way to the task takes, and somewhat less and more.
    for (let i = 0; i < 400; i++) {
      const deadline = sharedNow() + (i % 40) * 0.01;
      const reply = await serveTask(request(forever, { deadline }), undefined, undefined, moved);
      // A task that has begun and got no core for long looks like one that is stuck in a built-in.
      const isTerminated = reply.kind === 'stopped' && reply.stage === 'terminate';
      t.true(reply.reusable || isTerminated);
    }
  },
);

testWithAddon(
  'the place of a stop is where the task was unwound, not where it was before',
  async (t) => {
    const moveOn = (entered: Int32Array, instant: number): void => {
      const first = (): void => {
        for (;;) {
          const [seconds, nanoseconds] = process.hrtime();
          if (seconds * 1e3 + nanoseconds / 1e6 >= instant) return;
        }
      };
      const second = (): void => {
        entered[0] = 1;
        for (;;);
      };
      first();
      second();
    };
    for (let i = 0; i < 100; i++) {
      const entered = new Int32Array(1);
      const deadline = sharedNow() + 2;
      // Shortly before it the task goes on to its second part.
      const args = [entered, deadline - 0.001 * (i % 50)];
      const reply = await serveTask(request(moveOn, { deadline, args }));
      t.is(reply.kind, 'stopped');
      if (reply.kind !== 'stopped' || reply.stage !== 'interrupt') continue;
      const [, place] =
        /at (first|second) /.exec((fromTransferable(reply.stuck as never) as Error).stack ?? '') ??
        [];
      if (entered[0] === 1) t.is(place, 'second');
    }
  },
);

testWithAddon('a limit on CPU time stops a loop, and leaves waiting alone', async (t) => {
  const reply = await stoppedAt('interrupt', () => serveTask(request(forever, { cpuTimeout: 20 })));
  t.like(reply, { kind: 'stopped', reason: 'cpu', stage: 'interrupt', stopped: true });
  t.like(
    await serveTask(
      request(() => new Promise((resolve) => setTimeout(resolve, 100, 1)), { cpuTimeout: 2000 }),
    ),
    { kind: 'returned', value: 1 },
  );
});

test.serial('messages go out while the task runs, and not afterwards', async (t) => {
  const posted: unknown[] = [];
  const reply = await serveTask(
    request(async (dist: string) => {
      const { taskMessenger: messenger } = (await import(`${dist}entry/task-messages.js`)) as {
        taskMessenger: typeof taskMessenger;
      };
      messenger()?.('half', []);
    }),
    (message) => posted.push(message),
  );
  t.is(reply.kind, 'returned');
  t.deepEqual(posted, ['half']);
  t.is(taskMessenger(), undefined);
});

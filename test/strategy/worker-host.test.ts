import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { now } from '#internal/clock.js';
import type {
  CallOutcome,
  Host,
  HostOptions,
  TaskCall,
} from '#internal/strategy/isolation/host.js';
import { transferableTask } from '#internal/strategy/isolation/transferable-task.js';
import { nativeRefusal, raiseInThread } from '#internal/strategy/native-strategy.js';
import { workerHostKind } from '#internal/strategy/worker/worker-host.js';
import { WorkerExitError } from '#internal/errors/worker-exit-error.js';
import { InvalidStateError } from '#internal/errors/invalid-state-error.js';
import { NotTransferableError } from '#internal/errors/not-transferable-error.js';
import { toTransferable } from '#internal/errors/transfer.js';
import { runSource } from '../harness/run-fixture.js';
import { waitForCondition } from '../harness/wait-for.js';

const hasAddon = nativeRefusal === undefined;
const testWithAddon = hasAddon ? test.serial : test.skip;
/** How a loop is stopped. */
const STOP = hasAddon ? 'interrupt' : 'terminate';
const INTERNAL = new URL('../../../dist/', import.meta.url).href;
/** Where nothing can be interrupted, each timeout costs a worker. */
const ROUNDS = hasAddon ? 500 : 60;
const PARTS = 5;
const NEVER = { deadline: Infinity, hardDeadline: Infinity };

type Source = (...args: never[]) => unknown;

function start(options: Partial<HostOptions> = {}): Host {
  return workerHostKind.start({ resourceLimits: undefined, initializer: undefined, ...options });
}

/** A host that is ready, and kept alive; ended with the test. */
async function readyHost(t: ExecutionContext, options: Partial<HostOptions> = {}): Promise<Host> {
  const host = start(options);
  t.teardown(() => {
    void host.terminate();
  });
  host.ref();
  await host.ready;
  return host;
}

function call(task: Source, rest: Partial<TaskCall> = {}): TaskCall {
  return {
    task: transferableTask(task),
    args: [],
    transfer: undefined,
    deadline: Infinity,
    hardDeadline: rest.deadline ?? Infinity,
    cpuTimeout: Infinity,
    name: undefined,
    onMessage: undefined,
    ...rest,
  };
}

function runIn(host: Host, task: Source, rest: Partial<TaskCall> = {}): Promise<CallOutcome> {
  return host.run(call(task, rest)).outcome;
}

/**
 * The outcome of a call that is to be stopped in this way. On a crowded machine a worker may get no core in time to answer,
 * and is ended: then once more, in another one.
 *
 * @param hasComeSoFar - whether the task was where it was to be stopped.
 */
async function stoppedBy(
  t: ExecutionContext,
  stage: string,
  attempt: (host: Host) => Promise<CallOutcome>,
  hasComeSoFar: () => boolean = () => true,
): Promise<{ readonly host: Host; readonly outcome: CallOutcome }> {
  for (let again = 0; ; again++) {
    const host = await readyHost(t);
    const outcome = await attempt(host);
    const isThat = outcome.kind === 'stopped' && outcome.stage === stage && hasComeSoFar();
    if (isThat || again === 20) return { host, outcome };
    void host.terminate();
  }
}

function within(ms: number): { deadline: number; hardDeadline: number } {
  const deadline = now() + ms;
  return { deadline, hardDeadline: deadline };
}

const forever = (): never => {
  for (;;);
};
const one = (): number => 1;
/** Settles when its scope tells it to. */
const obedient = async (internal: string): Promise<void> => {
  const { currentScope } = (await import(`${internal}api/current-scope.js`)) as {
    currentScope(): { signal: AbortSignal };
  };
  const { setTimeout: wait } = await import('node:timers/promises');
  await wait(60_000, undefined, { signal: currentScope().signal });
};

test.serial('a host is free once it is ready, and not while it runs a call', async (t) => {
  const host = start();
  t.teardown(() => {
    void host.terminate();
  });
  host.ref();
  t.false(host.isFree);
  await host.ready;
  t.true(host.isFree);
  const running = host.run(call((a: number, b: number) => a + b, { args: [1, 2] }));
  t.false(host.isFree);
  t.like(await running.outcome, { kind: 'returned', value: 3 });
  t.true(host.isFree);
  t.true(Number.isInteger(host.id) && host.id > 0);
});

test.serial('an error of the task is its outcome, with class and message', async (t) => {
  const host = await readyHost(t);
  const outcome = await runIn(host, () => {
    throw new RangeError('mine');
  });
  t.is(outcome.kind, 'threw');
  t.true((outcome as { error: unknown }).error instanceof RangeError);
  const text = await runIn(host, () => {
    throw 'a string';
  });
  t.like(text, { kind: 'threw', error: 'a string' });
});

testWithAddon('a loop is interrupted, and its worker serves the next task', async (t) => {
  for (let round = 0; round < 10; round++) {
    let limits = within(0);
    const { host, outcome } = await stoppedBy(t, 'interrupt', (worker) => {
      limits = within(5);
      return runIn(worker, forever, limits);
    });
    t.like(outcome, { kind: 'stopped', reason: 'deadline', stage: 'interrupt', stopped: true });
    t.true(outcome.endedAt >= limits.deadline);
    t.true(host.isFree);
    t.like(await runIn(host, one), { kind: 'returned', value: 1 });
    await host.terminate();
  }
});

test.serial('a loop that began in a later part is ended with its thread', async (t) => {
  const { host, outcome } = await stoppedBy(t, 'terminate', (worker) =>
    runIn(
      worker,
      async () => {
        await Promise.resolve();
        for (;;);
      },
      within(20),
    ),
  );
  t.like(outcome, { kind: 'stopped', reason: 'deadline', stage: 'terminate', stopped: true });
  t.false(host.isFree);
  await host.ended;
});

test.serial(
  'a promise that hears the signal has stopped within the grace, and the worker lives on',
  async (t) => {
    const { host, outcome } = await stoppedBy(t, 'signal', (worker) => {
      const deadline = now() + 200;
      return runIn(worker, obedient, {
        args: [INTERNAL],
        deadline,
        hardDeadline: deadline + 60_000,
      });
    });
    t.like(outcome, { kind: 'stopped', reason: 'deadline', stage: 'signal', stopped: true });
    t.true(host.isFree);
  },
);

test.serial('a promise that does not is ended with its thread', async (t) => {
  const { host, outcome } = await stoppedBy(t, 'terminate', (worker) =>
    runIn(worker, async () => new Promise(() => undefined), within(20)),
  );
  t.like(outcome, { kind: 'stopped', reason: 'deadline', stage: 'terminate', stopped: true });
  t.false(host.isFree);
});

test.serial(
  'a thread inside a built-in is reported as not stopped, and not waited for',
  async (t) => {
    const { host, outcome } = await stoppedBy(t, 'abandoned', (worker) =>
      runIn(
        worker,
        () =>
          process.getBuiltinModule('crypto').pbkdf2Sync('a', 'b', 1_500_000, 64, 'sha512').length,
        within(100),
      ),
    );
    t.like(outcome, { kind: 'stopped', stage: 'abandoned', stopped: false });
    t.false(host.isFree);
    // A thread that is stuck does not keep the process alive.
    const stay = setInterval(() => undefined, 1_000);
    await host.ended;
    clearInterval(stay);
  },
);

test.serial('a task that is asked to stop: a loop', async (t) => {
  const { host, outcome } = await stoppedBy(t, STOP, async (worker) => {
    const running = worker.run(call(forever));
    await sleep(50);
    running.stop(now());
    return running.outcome;
  });
  t.like(outcome, { kind: 'stopped', reason: 'asked', stage: STOP, stopped: true });
  t.is(host.isFree, hasAddon);
});

test.serial('a task that is asked to stop: a loop, after the grace', async (t) => {
  let hardDeadline = Infinity;
  const { outcome } = await stoppedBy(t, STOP, async (worker) => {
    const running = worker.run(call(forever));
    await sleep(50);
    hardDeadline = now() + 50;
    running.stop(hardDeadline);
    return running.outcome;
  });
  t.like(outcome, { kind: 'stopped', reason: 'asked', stage: STOP, stopped: true });
  t.true(outcome.endedAt >= hardDeadline);
});

test.serial('a task that is asked to stop: a promise, which hears it', async (t) => {
  const host = await readyHost(t);
  const running = host.run(call(obedient, { args: [INTERNAL] }));
  await sleep(100);
  running.stop(now() + 60_000);
  t.like(await running.outcome, { kind: 'stopped', reason: 'asked', stage: 'signal' });
  t.true(host.isFree);
});

test.serial('asked once more, the earlier hard deadline counts', async (t) => {
  const { outcome } = await stoppedBy(t, 'terminate', async (worker) => {
    const running = worker.run(call(async () => new Promise(() => undefined)));
    await sleep(20);
    running.stop(now() + 60_000);
    running.stop(now() + 10);
    return running.outcome;
  });
  t.like(outcome, { kind: 'stopped', reason: 'asked', stage: 'terminate' });
});

test.serial('what is asked of a call that is over changes nothing', async (t) => {
  const host = await readyHost(t);
  const running = host.run(call(one));
  await running.outcome;
  running.stop(now());
  running.moveDeadlines(now(), now());
  t.like(await runIn(host, one), { kind: 'returned', value: 1 });
});

test.serial('the deadlines of a running task can be moved', async (t) => {
  const host = await readyHost(t);
  const sooner = host.run(call(obedient, { args: [INTERNAL] }));
  await sleep(100);
  const deadline = now() + 10;
  sooner.moveDeadlines(deadline, deadline + 60_000);
  t.like(await sooner.outcome, { kind: 'stopped', reason: 'deadline', stage: 'signal' });

  let early = Infinity;
  const { outcome } = await stoppedBy(t, STOP, async (worker) => {
    const loop = worker.run(call(forever));
    await sleep(50);
    early = now() + 10;
    loop.moveDeadlines(early, early);
    return loop.outcome;
  });
  t.like(outcome, { kind: 'stopped', reason: 'deadline', stage: STOP, stopped: true });
  t.true(outcome.endedAt >= early);

  // Told of it too late on a crowded machine, the worker has stopped it: not the first time, perhaps.
  const tellLater = async (): Promise<CallOutcome> => {
    const worker = await readyHost(t);
    const { deadline: first, hardDeadline } = within(300);
    const later = worker.run(
      call(async () => new Promise((resolve) => setTimeout(resolve, 500, 'in time')), {
        deadline: first,
        hardDeadline,
      }),
    );
    later.moveDeadlines(first + 60_000, hardDeadline + 60_000);
    return later.outcome;
  };
  let last = await tellLater();
  for (let again = 0; last.kind === 'stopped' && again < 10; again++) last = await tellLater();
  t.like(last, { kind: 'returned', value: 'in time' });
});

testWithAddon('an error that is raised in the thread ends the task', async (t) => {
  const host = await readyHost(t);
  const begun = new Int32Array(new SharedArrayBuffer(4));
  const running = host.run(
    call(
      (cell: Int32Array) => {
        for (;;) cell[0] = 1;
      },
      { args: [begun] },
    ),
  );
  await waitForCondition('it loops', () => Atomics.load(begun, 0) === 1);
  const { serialize } = await import('node:v8');
  raiseInThread(host.id, serialize(toTransferable(new RangeError('raised'))));
  const outcome = await running.outcome;
  t.like(outcome, { kind: 'stopped', reason: 'raised', stage: 'interrupt', stopped: true });
  t.true((outcome as { raised: unknown }).raised instanceof RangeError);
  t.true(host.isFree);
});

test.serial(
  'messages of a task arrive while it runs, in order, and before its outcome',
  async (t) => {
    const host = await readyHost(t);
    const seen: unknown[] = [];
    const talk = async (internal: string): Promise<string> => {
      const { taskMessenger } = (await import(`${internal}entry/task-messages.js`)) as {
        taskMessenger(): (message: unknown, transfer: readonly never[]) => void;
      };
      for (let part = 0; part < 1000; part++) taskMessenger()(part, []);
      return 'done';
    };
    const outcome = await runIn(host, talk, {
      args: [INTERNAL],
      onMessage: (message) => seen.push(message),
    });
    t.like(outcome, { kind: 'returned', value: 'done' });
    t.deepEqual(
      seen,
      Array.from({ length: 1000 }, (_, part) => part),
    );
  },
);

testWithAddon('a task that floods its caller with messages is stopped on time', async (t) => {
  let seen = 0;
  const flood = async (internal: string): Promise<never> => {
    const { taskMessenger } = (await import(`${internal}entry/task-messages.js`)) as {
      taskMessenger(): (message: unknown, transfer: readonly never[]) => void;
    };
    const send = taskMessenger();
    for (let part = 0; ; part++) {
      send(part, []);
      if (part % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const { outcome } = await stoppedBy(
    t,
    'terminate',
    (worker) => {
      seen = 0;
      return runIn(worker, flood, { args: [INTERNAL], ...within(200), onMessage: () => seen++ });
    },
    () => seen > 0,
  );
  t.like(outcome, { kind: 'stopped', reason: 'deadline', stopped: true });
  t.true(seen > 0);
});

test.serial('what cannot be sent is refused, and nothing was started', async (t) => {
  const host = await readyHost(t);
  t.throws(() => host.run(call(one, { args: [() => 1] })), {
    instanceOf: NotTransferableError as never,
  });
  t.true(host.isFree);
});

test.serial('results: a function, a cycle, 200 MB', async (t) => {
  const host = await readyHost(t);
  const refused = await runIn(host, () => () => 1);
  t.is(refused.kind, 'threw');
  t.true((refused as { error: unknown }).error instanceof NotTransferableError);
  const cyclic = await runIn(host, () => {
    const ring: { self?: unknown } = {};
    ring.self = ring;
    return ring;
  });
  const { value } = cyclic as { value: { self: unknown } };
  t.is(value.self, value);
  const large = await runIn(host, () => new Uint8Array(200 * 2 ** 20));
  t.is((large as { value: Uint8Array }).value.byteLength, 200 * 2 ** 20);
  t.true(host.isFree);
});

test.serial('a task that exits is noticed, with its exit code', async (t) => {
  const host = await readyHost(t);
  const outcome = await runIn(host, () => process.exit(7));
  t.is(outcome.kind, 'died');
  const { error } = outcome as { error: WorkerExitError };
  t.true(error instanceof WorkerExitError);
  t.is(error.exitCode, 7);
  t.false(host.isFree);
  await host.ended;
});

test.serial('process.abort() is an error of the task: Node refuses it in workers', async (t) => {
  const host = await readyHost(t);
  const outcome = await runIn(host, () => process.abort());
  t.is(
    (outcome as { error: NodeJS.ErrnoException }).error.code,
    'ERR_WORKER_UNSUPPORTED_OPERATION',
  );
  t.true(host.isFree);
});

test.serial('an error that nobody catches is the cause of the exit', async (t) => {
  const host = await readyHost(t);
  const outcome = await runIn(host, async () => {
    setTimeout(() => {
      throw new RangeError('nobody');
    }, 1);
    return new Promise(() => undefined);
  });
  const { error } = outcome as { error: Error };
  t.true(error instanceof WorkerExitError);
  t.true(error.cause instanceof RangeError);
});

test.serial('running out of memory is an exit', async (t) => {
  const host = await readyHost(t, { resourceLimits: { maxOldGenerationSizeMb: 16 } });
  const outcome = await runIn(host, () => {
    // Small objects: with large ones, some Node versions abort the process instead of ending the thread.
    let list: object | undefined;
    for (;;) list = { list };
  });
  t.is(outcome.kind, 'died');
  t.regex((outcome as { error: Error }).error.message, /out of memory/);
});

test.serial('what a task leaves running is lost with its host', async (t) => {
  const host = await readyHost(t);
  const outcome = await runIn(host, () => {
    setInterval(() => undefined, 1);
    return 1;
  });
  t.like(outcome, { kind: 'returned', value: 1 });
  t.false(host.isFree);
});

test.serial('terminate ends the call that runs, and close an idle host', async (t) => {
  const { host, outcome } = await stoppedBy(t, 'terminate', (worker) => {
    const running = worker.run(call(forever, NEVER));
    void worker.terminate();
    return running.outcome;
  });
  t.like(outcome, { kind: 'stopped', reason: 'asked', stage: 'terminate' });
  await host.ended;
  const idle = await readyHost(t);
  await idle.close();
  t.false(idle.isFree);
  await idle.ended;
});

test.serial('close waits for the call that runs', async (t) => {
  const host = await readyHost(t);
  const running = host.run(call(async () => new Promise((resolve) => setTimeout(resolve, 50, 1))));
  const closed = host.close();
  t.false(host.isFree);
  t.like(await running.outcome, { kind: 'returned', value: 1 });
  await closed;
});

test.serial(
  'an initialiser is loaded before the first call; one that fails makes the host unready',
  async (t) => {
    const module = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`;
    const host = await readyHost(t, { initializer: module('globalThis.prepared = 5') });
    const read = (): unknown => (globalThis as { prepared?: number }).prepared;
    t.like(await runIn(host, read), { kind: 'returned', value: 5 });

    const failing = start({ initializer: module('throw new RangeError("not today")') });
    failing.ref();
    const error: unknown = await failing.ready.catch((reason: unknown) => reason);
    t.true(error instanceof WorkerExitError);
    t.true((error as Error).cause instanceof RangeError);
    await failing.ended;
  },
);

const mixed: readonly (readonly [Source, readonly unknown[]])[] = [
  [forever, []],
  [obedient, [INTERNAL]],
  [(): boolean => /^(a+)+$/.test(`${'a'.repeat(50)}!`), []],
  [(): string => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), []],
  [one, []],
  [(ms: number) => new Promise((resolve) => setTimeout(resolve, ms)), [1]],
];

/** One that has loaded what `obedient` needs: what a task loads while it is stopped may stay half loaded. */
async function warmHost(t: ExecutionContext): Promise<Host> {
  const fresh = await readyHost(t);
  const load = async (internal: string): Promise<void> => {
    await import(`${internal}api/current-scope.js`);
    await import('node:timers/promises');
  };
  await runIn(fresh, load, { args: [INTERNAL] });
  return fresh;
}

// In parts: on a crowded machine most of the workers are ended, and each new one takes its time.
for (let part = 1; part <= PARTS; part++) {
  test.serial(
    `after each of 500 mixed timeouts the worker is usable or gone: part ${String(part)}`,
    async (t) => {
      let host = await warmHost(t);
      let replaced = 0;
      for (let round = 0; round < ROUNDS / PARTS; round++) {
        const [task, args] = mixed[round % mixed.length] as (typeof mixed)[number];
        const limits = within([0.1, 1, 2, 3.5][round % 4] as number);
        const outcome = await runIn(host, task, { args, ...limits });
        if (outcome.kind === 'stopped') {
          t.true(outcome.endedAt >= limits.deadline || outcome.stage === 'refused');
          // On a crowded machine a thread may take longer to end than it is waited for.
          if (!outcome.stopped) t.false(host.isFree);
        } else {
          t.is(outcome.kind, 'returned', inspect(outcome));
        }
        if (!host.isFree) {
          replaced++;
          void host.terminate();
          host = await warmHost(t);
        }
        t.like(await runIn(host, one), { kind: 'returned', value: 1 });
      }
      t.log(`${String(replaced)} of ${String(ROUNDS / PARTS)} workers were replaced`);
    },
  );
}

testWithAddon('an answer that takes long to make is waited for', async (t) => {
  const { host, outcome } = await stoppedBy(t, 'interrupt', (worker) =>
    runIn(
      worker,
      () => {
        // As the first stack is that has source maps.
        Error.prepareStackTrace = (error, frames) => {
          const end = performance.now() + (frames.length > 0 ? 200 : 0);
          while (performance.now() < end);
          return String(error);
        };
        for (;;);
      },
      within(20),
    ),
  );
  t.like(outcome, { kind: 'stopped', reason: 'deadline', stage: 'interrupt', stopped: true });
  t.true(host.isFree);
});

test.serial('the end of a thread that is inside a built-in can be waited for', async (t) => {
  const child = await runSource(
    `import { workerHostKind } from '#internal/strategy/worker/worker-host.js';
     import { functionSource } from '#internal/strategy/function-source.js';
     const host = workerHostKind.start({});
     host.ref();
     await host.ready;
     const cell = new Int32Array(new SharedArrayBuffer(4));
     const hash = (begun) => {
       Atomics.store(begun, 0, 1);
       return process.getBuiltinModule('crypto').pbkdf2Sync('a', 'b', 1_000_000, 64, 'sha512').length;
     };
     host.run({ task: functionSource(hash), args: [cell], deadline: Infinity, hardDeadline: Infinity, cpuTimeout: Infinity });
     while (Atomics.load(cell, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
     await host.terminate();
     console.log('ended');`,
  );
  t.is(child.stdout, 'ended\n', child.stderr);
  t.is(child.code, 0);
});

test.serial('a host that is not free refuses a call', async (t) => {
  const host = await readyHost(t);
  const running = host.run(call(forever));
  t.throws(() => host.run(call(one)), { instanceOf: InvalidStateError as never });
  await host.terminate();
  t.is((await running.outcome).kind, 'stopped');
});

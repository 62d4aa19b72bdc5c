import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import test from 'ava';
import { currentScope, run, runInWorkerSync, runSync, Timeout, type TimeoutError } from 'hardstop';
import {
  abortOf,
  defer,
  forever,
  runWithin,
  settled,
  timeoutFrom,
  turn,
} from '../harness/async-work.js';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { serialNativeTest } from '../harness/native-test.js';
import { repetitions } from '../harness/repetitions.js';
import { runSource } from '../harness/run-fixture.js';
import { loopForever, REACHABLE, spinUntil } from '../harness/work.js';

const ways: readonly [string, (look: () => void) => unknown][] = [
  ['at once', (look) => look()],
  ['await', async (look) => Promise.resolve().then(look)],
  ['a timer', (look) => new Promise<void>((resolve) => setTimeout(() => resolve(look()), 1))],
  ['an immediate', (look) => new Promise<void>((resolve) => setImmediate(() => resolve(look())))],
  ['nextTick', (look) => new Promise<void>((resolve) => process.nextTick(() => resolve(look())))],
  ['a microtask', (look) => new Promise<void>((resolve) => queueMicrotask(() => resolve(look())))],
  [
    'an event emitter',
    (look) => {
      const emitter = new EventEmitter();
      emitter.on('event', look);
      emitter.emit('event');
    },
  ],
  [
    'once',
    async (look) => {
      const emitter = new EventEmitter();
      setImmediate(() => emitter.emit('event'));
      await once(emitter, 'event');
      look();
    },
  ],
  [
    'a callback of the file system',
    (look) =>
      new Promise<void>((resolve) => {
        readFile(new URL(import.meta.url), () => resolve(look()));
      }),
  ],
  [
    'a stream',
    async (look) => {
      const stream = new PassThrough();
      stream.on('data', look);
      stream.end('chunk');
      await pipeline(stream, new PassThrough().resume());
    },
  ],
  [
    'an async iterator',
    async (look) => {
      const source = async function* (): AsyncGenerator<number> {
        yield 1;
        await turn();
        look();
        yield 2;
      };
      for await (const value of source()) if (value > 0) look();
    },
  ],
  [
    'AsyncResource.bind',
    async (look) => {
      const bound = AsyncResource.bind(look);
      await turn();
      bound();
    },
  ],
];

for (const [way, work] of ways) {
  test(`the current scope is known across: ${way}`, async (t) => {
    const scope = new Timeout(600_000);
    const seen: unknown[] = [];
    const look = (): void => {
      seen.push(currentScope());
    };
    await scope.run(async () => {
      await work(look);
      look();
    });
    t.true(seen.length >= 2);
    for (const found of seen) t.is(found, scope);
    t.is(currentScope(), undefined);
    const inStep: unknown[] = [];
    await run(function* (inner) {
      yield work(() => inStep.push(currentScope() === inner));
      inStep.push(currentScope() === inner);
    }, 600_000);
    t.true(inStep.length >= 2);
    t.true(inStep.every((isOwn) => isOwn));
  });
}

test('the current scope is the innermost of those around, after each of them has ended as well', async (t) => {
  const outer = new Timeout(600_000);
  const inner = new Timeout(600_000);
  await outer.run(async () => {
    t.is(currentScope(), outer);
    await inner.run(async () => {
      t.is(currentScope(), inner);
      await turn();
      t.is(currentScope(), inner);
      runSync((sync) => {
        t.is(currentScope(), sync);
      }, 600_000);
      t.is(currentScope(), inner);
    });
    t.is(currentScope(), outer);
    await settled(run(forever, 5));
    t.is(currentScope(), outer);
    outcomeOf(() =>
      runSync(() => {
        throw new Error('work');
      }, 600_000),
    );
    t.is(currentScope(), outer);
  });
  t.is(currentScope(), undefined);
});

test('code that was started outside does not see the scope that runs meanwhile', async (t) => {
  const seen: unknown[] = [];
  const outside = turn().then(() => seen.push(currentScope()));
  setImmediate(() => seen.push(currentScope()));
  await run(async () => {
    await turn();
    await turn();
  }, 600_000);
  await outside;
  t.deepEqual(seen, [undefined, undefined]);
});

test('a nested run gets the earliest deadline without being passed anything', async (t) => {
  const outer = new Timeout(60_000);
  await outer.run(async () => {
    await turn();
    await run(async (inner) => {
      t.is(inner.deadline, outer.deadline);
      t.true(inner.remaining() <= 60_000);
      await turn();
      t.is(inner.deadline, outer.deadline);
      await run(async (innermost) => {
        t.is(innermost.deadline, outer.deadline);
        t.is(innermost.timeout, 90_000);
      }, 90_000);
    });
    await run(async (shorter) => {
      t.true(shorter.deadline < outer.deadline);
    }, 30_000);
  });
});

test('of nested runs the one that expires first ends, alone where it is the inner one', async (t) => {
  const outer = new Timeout(600_000);
  const inner = new Timeout(5);
  const value = await outer.run(async () => {
    const error = await timeoutFrom(t, inner.run(forever));
    t.is(error.scope, inner);
    return 'went on';
  });
  t.is(value, 'went on');
  t.deepEqual([outer.state, inner.state], ['executed', 'timed_out']);
});

test('the outer deadline ends both, with the very same error', async (t) => {
  const outer = new Timeout();
  const inner = new Timeout(600_000);
  const errors: unknown[] = [];
  const error = await timeoutFrom(
    t,
    runWithin(outer, 10, async () => {
      try {
        await inner.run(forever);
      } catch (thrown) {
        errors.push(thrown);
        throw thrown;
      }
    }),
  );
  await turn();
  t.deepEqual(errors, [error]);
  t.is(error.scope, outer);
  t.deepEqual([outer.state, inner.state], ['timed_out', 'interrupted']);
});

test('an inner coroutine unwinds for the deadline of a scope around it', async (t) => {
  const order: string[] = [];
  const outer = new Timeout(undefined, { grace: 600_000 });
  const error = await timeoutFrom(
    t,
    runWithin(outer, 5, async () => {
      await run(function* () {
        try {
          yield forever();
        } catch (thrown) {
          order.push((thrown as TimeoutError).scope === outer ? 'the outer one' : 'another');
          throw thrown;
        } finally {
          order.push('finally');
        }
      }, 600_000);
    }),
  );
  t.is(error.scope, outer);
  t.deepEqual(order, ['the outer one', 'finally']);
});

test('`default` and `error: false` of an inner scope do not take the timeout of the outer one', async (t) => {
  for (const options of [{ default: 'instead' }, { error: false as const }]) {
    const outer = new Timeout();
    let reached = false;
    const error = await timeoutFrom(
      t,
      runWithin(outer, 5, async () => {
        await run(forever, { timeout: 600_000, ...options });
        reached = true;
      }),
    );
    t.is(error.scope, outer);
    await turn();
    t.false(reached);
  }
});

test('a runSync in a later part sees the run as the scope around it', async (t) => {
  const outer = new Timeout(60_000);
  await outer.run(async () => {
    for (let i = 0; i < 2; i++) {
      runSync((inner) => {
        t.is(inner.deadline, outer.deadline);
        t.is(currentScope(), inner);
        runSync((innermost) => {
          t.is(innermost.deadline, outer.deadline);
        }, 600_000);
      }, 600_000);
      t.is(currentScope(), outer);
      await turn();
    }
  });
});

test.serial('a runSync under a run that has expired is not started', async (t) => {
  const outer = new Timeout(REACHABLE);
  const started: string[] = [];
  const error = await timeoutFrom(
    t,
    outer.run(async () => {
      await Promise.resolve();
      spinUntil(outer.deadline);
      const thrown = timeoutOf(t, () => runSync(() => started.push('sync'), 600_000));
      t.is(thrown.scope, outer);
      const { error: refused } = await settled(run(() => started.push('run'), 600_000));
      t.is((refused as TimeoutError).scope, outer);
    }),
  );
  t.is(error.scope, outer);
  t.deepEqual(started, []);
});

serialNativeTest('a runSync in a later part is stopped by the deadline of the run', async (t) => {
  const outer = new Timeout(REACHABLE);
  const inner = new Timeout(600_000);
  let after: TimeoutError | undefined;
  const error = await timeoutFrom(
    t,
    outer.run(async () => {
      await Promise.resolve();
      const { error: thrown } = outcomeOf(() => inner.runSync(loopForever));
      after = thrown as TimeoutError;
      throw thrown;
    }),
  );
  t.is(after, error);
  t.is(error.scope, outer);
  t.true(error.elapsed >= REACHABLE);
  t.is(inner.state, 'interrupted');
  t.is(currentScope(), undefined);
});

test('a worker gets the earliest deadline around, in any part of a run', async (t) => {
  const child = await runSource(
    `import { run, runInWorkerSync, runSync } from 'hardstop';
    const scopes = [];
    const ask = (scope) => {
      try {
        runInWorkerSync(() => { for (;;); }, { timeout: 600_000, args: [] });
      } catch (error) { scopes.push(error.scope === scope); throw error; }
    };
    const outcomes = [];
    for (const work of [
      (scope) => ask(scope),
      async (scope) => { await null; ask(scope); },
      function* (scope) { yield 1; ask(scope); },
    ]) {
      outcomes.push(await run(work, 300).then(() => 'value', (error) => error.code + ' ' + error.timeout));
    }
    console.log(outcomes.join(), scopes.every(Boolean));`,
    { timeoutMs: 50_000 },
  );
  t.false(child.timedOut, 'the worker was not stopped by the deadline of the run');
  const one = 'ERR_HARDSTOP_TIMEOUT 300';
  t.is(child.stdout, `${one},${one},${one} true\n`, child.stderr);
});

test('a worker in a run works, and hands its value on', async (t) => {
  t.is(
    await run(async () => {
      await turn();
      return runInWorkerSync((a: number, b: number) => a + b, { timeout: 60_000, args: [1, 2] });
    }, 120_000),
    3,
  );
});

test('a run inside a runSync is ended by its deadline, later', async (t) => {
  // The synchronous scope has ended by then: what it left behind belongs to what was around it.
  const inner = new Timeout(10);
  let outcome: Promise<unknown> | undefined;
  const sync = new Timeout(600_000);
  sync.runSync(() => {
    outcome = timeoutFrom(t, inner.run(forever));
    t.is(currentScope(), sync);
  });
  t.is(((await outcome) as TimeoutError).scope, inner);
});

serialNativeTest('a run inside a runSync that is stopped is ended with it', async (t) => {
  const sync = new Timeout(REACHABLE);
  let outcome: Promise<unknown> | undefined;
  const error = timeoutOf(t, () =>
    sync.runSync(() => {
      outcome = settled(run(forever, 600_000));
      loopForever();
    }),
  );
  t.is(error.scope, sync);
  t.is(((await outcome) as { error: unknown }).error, error);
});

test('Promise.all of 500 runs: each ends by its own deadline, and sees no other', async (t) => {
  const outcomes = await Promise.all(
    Array.from({ length: 500 }, async (_, i) => {
      const scope = new Timeout(i % 3 === 0 ? 5 + (i % 7) : 600_000);
      const { rejected, error } = await settled(
        scope.run(async () => {
          for (let step = 0; step < 4; step++) {
            if (currentScope() !== scope) throw new Error(`run ${String(i)} sees another scope`);
            await (step % 2 === 0 ? turn() : Promise.resolve());
          }
          if (i % 3 === 0) await forever();
        }),
      );
      if (i % 3 !== 0) return rejected ? String(error) : 'ok';
      return (error as TimeoutError).scope === scope ? 'ok' : String(error);
    }),
  );
  t.deepEqual([...new Set(outcomes)], ['ok']);
});

test('concurrent scopes inside one do not end each other', async (t) => {
  const outer = new Timeout(600_000);
  await outer.run(async () => {
    const slow = new Timeout(600_000);
    const gate = defer();
    const slowOutcome = slow.run(() => gate.promise);
    const short = new Timeout(5);
    t.is((await timeoutFrom(t, short.run(forever))).scope, short);
    const failing = await settled(run(() => Promise.reject(new Error('work')), 600_000));
    t.true(failing.rejected);
    t.is(slow.state, 'executing');
    gate.resolve('value');
    t.is(await slowOutcome, 'value');
  });
  t.is(outer.state, 'executed');
});

test('all concurrent scopes inside one end with it, in the same turn', async (t) => {
  const outer = new Timeout();
  let outcomes: Promise<{ error: unknown }[]> | undefined;
  const error = await timeoutFrom(
    t,
    runWithin(outer, 10, () => {
      outcomes = Promise.all(
        Array.from({ length: 50 }, async () => settled(run(forever, 600_000))),
      );
      return forever();
    }),
  );
  for (const outcome of (await outcomes) ?? []) t.is(outcome.error, error);
});

test('abandoned work still sees its scope, and is refused what it starts', async (t) => {
  const scope = new Timeout();
  const gate = defer();
  const seen = defer<unknown[]>();
  const started: string[] = [];
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, async () => {
      await gate.promise;
      const found: unknown[] = [currentScope(), scope.expired, scope.signal.aborted];
      found.push(timeoutOf(t, () => scope.checkpoint()));
      found.push(timeoutOf(t, () => runSync(() => started.push('sync'), 600_000)));
      found.push((await settled(run(() => started.push('run'), 600_000))).error);
      seen.resolve(found);
    }),
  );
  gate.resolve(undefined);
  t.deepEqual(await seen.promise, [scope, true, true, error, error, error]);
  t.deepEqual(started, []);
  t.is(currentScope(), undefined);
});

test('what a run that ended in time left behind belongs to the scope around it', async (t) => {
  const outer = new Timeout(600_000);
  const inner = new Timeout(600_000);
  const gate = defer();
  const seen = defer<unknown[]>();
  await outer.run(async () => {
    await inner.run(async () => {
      void gate.promise.then(async () => {
        const found: unknown[] = [currentScope()];
        found.push(await run(async () => currentScope(), 60_000).then((s) => s !== inner));
        seen.resolve(found);
      });
    });
    gate.resolve(undefined);
    t.deepEqual(await seen.promise, [outer, true]);
  });
  t.is(outer.state, 'executed');
});

test('a run that was left behind is ended by the scope around that', async (t) => {
  const outer = new Timeout();
  const left = new Timeout(600_000);
  let outcome: Promise<{ error: unknown }> | undefined;
  const error = await timeoutFrom(
    t,
    runWithin(outer, 20, async () => {
      await run(async () => {
        outcome = settled(left.run(forever));
      }, 600_000);
      t.is(left.state, 'executing');
      await forever();
    }),
  );
  t.is((await outcome)?.error, error);
  t.is(error.scope, outer);
});

test('a run that was left behind by one without anything around goes on', async (t) => {
  const left = new Timeout(600_000);
  const gate = defer<string>();
  let outcome: Promise<string> | undefined;
  await run(async () => {
    outcome = left.run(() => gate.promise);
  }, 600_000);
  await turn();
  gate.resolve('value');
  t.is(await outcome, 'value');
});

test('work outside of AsyncLocalStorage.run of others, and inside, has its scope', async (t) => {
  const storage = new AsyncLocalStorage<number>();
  const seen: unknown[] = [];
  await storage.run(1, () =>
    run(async (scope) => {
      seen.push(storage.getStore(), currentScope() === scope);
      await storage.run(2, async () => {
        await turn();
        seen.push(storage.getStore(), currentScope() === scope);
      });
      seen.push(storage.getStore(), currentScope() === scope);
      storage.exit(() => seen.push(storage.getStore(), currentScope() === scope));
    }, 600_000),
  );
  t.deepEqual(seen, [1, true, 2, true, 1, true, undefined, true]);
});

test('the abort listeners, the cleanup and onTimeout see the AsyncLocalStorage of the call', async (t) => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const scope = new Timeout(undefined, { onTimeout: () => seen.push(storage.getStore()) });
  await storage.run('mine', () =>
    settled(
      runWithin(scope, 5, (running) => {
        running.signal.addEventListener('abort', () => seen.push(storage.getStore()));
        running.defer(() => seen.push(storage.getStore()));
        return forever();
      }),
    ),
  );
  t.deepEqual(seen, ['mine', 'mine', 'mine']);
});

test('cleanup is not inside the scope that has ended: it can start runs of its own', async (t) => {
  const results: unknown[] = [];
  const scope = new Timeout();
  await settled(
    runWithin(scope, 5, (running) => {
      running.defer(async () => {
        results.push(
          currentScope() === undefined,
          await run(async () => turn().then(() => 1), 600_000),
        );
        results.push(runSync(() => 2, 600_000));
      });
      return forever();
    }),
  );
  t.deepEqual(results, [true, 1, 2]);
});

test('5,000 scopes nest, and the deadline of the outermost reaches the innermost', async (t) => {
  const depth = repetitions(5000);
  const child = await runSource(
    `import { run, Timeout, currentScope } from 'hardstop';
    const depth = Number(process.argv.at(-1));
    const outer = new Timeout();
    const nest = async (left) => {
      await null;
      if (left === 0) {
        outer.reschedule(50);
        return new Promise(() => {});
      }
      return run(() => nest(left - 1), 3_600_000);
    };
    const error = await outer.run(() => nest(depth)).catch((thrown) => thrown);
    console.log(error.scope === outer, currentScope() === undefined);`,
    { args: [String(depth)], timeoutMs: 50_000 },
  );
  t.false(child.timedOut);
  t.is(child.stdout, 'true true\n', child.stderr);
});

test('a node:vm timeout around the call of a run leaves nothing behind', async (t) => {
  const child = await runSource(
    `import vm from 'node:vm';
    import { currentScope, run, runSync } from 'hardstop';
    const context = vm.createContext({ run, outcomes: [] });
    const forever = () => new Promise(() => {});
    const sources = [
      'outcomes.push(run(() => { for (;;); }, 3_600_000))',
      'outcomes.push(run(async () => { for (;;); }, 3_600_000))',
      'outcomes.push(run(function* () { for (;;); }, 3_600_000))',
      'outcomes.push(run(() => new Promise(() => {}), { timeout: 50, default: "expired" })); for (;;);',
    ];
    const codes = [];
    for (const source of sources) {
      // The last one has to get as far as its loop, also on a busy machine.
      const timeout = source === sources.at(-1) ? 2_000 : 50;
      try { vm.runInContext(source, context, { timeout }); } catch (error) { codes.push(error.code); }
      if (currentScope() !== undefined) codes.push('a scope was left');
      codes.push(runSync(() => 1, 60_000), await run(async () => { await null; return 2; }, 60_000));
    }
    console.log(codes.join());
    console.log(await Promise.all(context.outcomes));`,
    { timeoutMs: 40_000 },
  );
  t.false(child.timedOut, child.stdout);
  const one = 'ERR_SCRIPT_EXECUTION_TIMEOUT,1,2';
  t.is(child.stdout, `${[one, one, one, one].join()}\n[ 'expired' ]\n`, child.stderr);
});

test('the signal of an outer scope and that of an inner one abort with one reason', async (t) => {
  const outer = new Timeout(undefined, { grace: 600_000 });
  const reasons: unknown[] = [];
  const error = await timeoutFrom(
    t,
    runWithin(outer, 5, async ({ signal }) => {
      const inner = run(
        async (running) => {
          await abortOf(running.signal);
          reasons.push(running.signal.reason);
          throw running.signal.reason;
        },
        { timeout: 600_000, grace: 600_000 },
      );
      await settled(inner);
      reasons.push(signal.reason);
    }),
  );
  t.deepEqual(reasons, [error, error]);
});

import test from 'ava';
import {
  currentScope,
  InvalidOptionError,
  run,
  runSync,
  Timeout,
  type RunWork,
  type TimeoutError,
  wait,
} from 'hardstop';
import {
  abortOf,
  defer,
  forever,
  past,
  runWithin,
  settled,
  timeoutFrom,
  turn,
} from '../harness/async-work.js';
import { serialNativeTest } from '../harness/native-test.js';
import { runSource } from '../harness/run-fixture.js';
import { loopForever, REACHABLE, spin } from '../harness/work.js';

test('a deadline that passes in a shield strikes when it ends, not before', async (t) => {
  const scope = new Timeout();
  const gate = defer();
  const order: string[] = [];
  const outcome = settled(
    runWithin(scope, 5, async () => {
      await scope.shield(async () => {
        await gate.promise;
        order.push('shielded');
      });
      order.push('behind the shield');
      await forever();
    }).finally(() => order.push('rejected')),
  );
  await past(30);
  t.is(scope.state, 'executing');
  t.deepEqual(order, []);
  gate.resolve(undefined);
  const { error } = await outcome;
  t.is((error as TimeoutError).scope, scope);
  t.is(order[0], 'shielded');
  t.true(order.includes('rejected'));
});

test('the value of shielded work comes through: sync, promise, generator', async (t) => {
  await run(function* (scope) {
    t.is(
      scope.shield(() => 1),
      1,
    );
    t.is(yield* wait(scope.shield(async () => turn().then(() => 2))), 2);
    t.is(
      yield* scope.shield(function* () {
        return (yield* wait(turn().then(() => 3))) as number;
      }),
      3,
    );
    t.is(
      scope.shield(() => undefined),
      undefined,
    );
  }, 600_000);
});

test('what shielded work throws comes through, and the shield is closed by it', async (t) => {
  const failure = new Error('in the shield');
  const scope = new Timeout();
  const seen: unknown[] = [];
  const error = await timeoutFrom(
    t,
    scope.run(async () => {
      try {
        scope.shield(() => {
          throw failure;
        });
      } catch (thrown) {
        seen.push(thrown);
      }
      seen.push((await settled(scope.shield(async () => Promise.reject(failure)))).error);
      seen.push(
        (
          await settled(
            run(function* () {
              yield* scope.shield(function* () {
                yield turn();
                throw failure;
              });
            }, 600_000),
          )
        ).error,
      );
      scope.reschedule(5);
      await forever();
    }),
  );
  t.deepEqual(seen, [failure, failure, failure]);
  t.is(error.scope, scope);
});

test('in a shield the deadlines around are not seen', async (t) => {
  const scope = new Timeout(600_000);
  await scope.run(async () => {
    await scope.shield(async () => {
      await turn();
      t.is(scope.deadline, Infinity);
      t.is(scope.remaining(), Infinity);
      t.false(scope.expired);
      t.is(currentScope(), scope);
      await run(async (inner) => {
        t.is(inner.deadline, Infinity);
      });
      runSync((inner) => {
        t.is(inner.deadline, Infinity);
      }, undefined as never);
    });
    t.true(scope.deadline < Infinity);
  });
});

test('in a shield an expired scope is passed by checkpoint, behind it not', async (t) => {
  const scope = new Timeout();
  const gate = defer();
  const seen: string[] = [];
  const outcome = settled(
    runWithin(scope, 5, async ({ signal }) => {
      await scope.shield(async () => {
        await gate.promise;
        scope.checkpoint();
        seen.push('passed');
      });
      try {
        scope.checkpoint();
        seen.push('passed again');
      } catch {
        seen.push('thrown');
      }
      await abortOf(signal);
    }),
  );
  await past(20);
  gate.resolve(undefined);
  await outcome;
  t.deepEqual(seen, ['passed', 'thrown']);
});

test('the signal does not abort while a shield is open, and does after it', async (t) => {
  const scope = new Timeout(undefined, { grace: 600_000 });
  const seen: boolean[] = [];
  await settled(
    runWithin(scope, 5, async ({ signal }) => {
      await scope.shield(async () => {
        await past(20);
        seen.push(signal.aborted);
      });
      await abortOf(signal);
      seen.push(signal.aborted);
    }),
  );
  t.deepEqual(seen, [false, true]);
});

test('an abort from outside is held off as well, and its reason kept', async (t) => {
  const outside = new AbortController();
  const reason = new Error('stop');
  const gate = defer<string>();
  const order: string[] = [];
  const outcome = settled(
    run(
      async (scope) => {
        order.push(await scope.shield(() => gate.promise));
        await forever();
      },
      { timeout: 600_000, signal: outside.signal },
    ).finally(() => order.push('rejected')),
  );
  await turn();
  outside.abort(reason);
  await turn();
  await turn();
  t.deepEqual(order, []);
  gate.resolve('shielded');
  t.is((await outcome).error, reason);
  t.true(order.includes('rejected'));
});

test('scopes that are started in a shield have their own limits', async (t) => {
  const outer = new Timeout();
  const inner = new Timeout();
  const seen: unknown[] = [];
  const error = await timeoutFrom(
    t,
    runWithin(outer, 5, async () => {
      await outer.shield(async () => {
        await past(15);
        const { error: thrown } = await settled(runWithin(inner, 5, forever));
        seen.push((thrown as TimeoutError).scope);
        seen.push(await run(async () => turn().then(() => 'in time'), 600_000));
      });
      await forever();
    }),
  );
  t.deepEqual(seen, [inner, 'in time']);
  t.is(error.scope, outer);
});

test('a shield in a run inside holds off all those around it, until it ends', async (t) => {
  const outer = new Timeout();
  const inner = new Timeout();
  const gate = defer();
  const seen: unknown[] = [];
  const outcome = settled(
    runWithin(outer, 5, async () => {
      const { error } = await settled(
        inner.run(async () => {
          await inner.shield(() => gate.promise);
          seen.push('shield ended');
          await forever();
        }),
      );
      seen.push((error as TimeoutError).scope);
    }),
  );
  await past(20);
  t.deepEqual([outer.state, inner.state], ['executing', 'executing']);
  t.deepEqual(seen, []);
  gate.resolve(undefined);
  t.is(((await outcome).error as TimeoutError).scope, outer);
  await turn();
  t.deepEqual(seen, ['shield ended', outer]);
  t.is(inner.state, 'interrupted');
});

test('shields nest: the deadline strikes when the outermost ends', async (t) => {
  const scope = new Timeout();
  const gate = defer();
  const order: string[] = [];
  const outcome = settled(
    runWithin(scope, 5, function* () {
      yield* scope.shield(function* () {
        yield* scope.shield(function* () {
          yield gate.promise;
          order.push('inner');
        });
        yield turn();
        order.push('outer');
      });
      try {
        yield turn();
        order.push('went on');
      } catch {
        order.push('thrown');
      }
    }),
  );
  await past(20);
  gate.resolve(undefined);
  await outcome;
  t.deepEqual(order, ['inner', 'outer', 'thrown']);
});

test('two shields at once: the deadline strikes when both have ended', async (t) => {
  const scope = new Timeout();
  const gates = [defer(), defer()];
  const outcome = settled(
    runWithin(scope, 5, async () => {
      await Promise.all(gates.map(({ promise }) => scope.shield(() => promise)));
      await forever();
    }),
  );
  await past(20);
  gates[0]?.resolve(undefined);
  await turn();
  await turn();
  t.is(scope.state, 'executing');
  gates[1]?.resolve(undefined);
  t.is(((await outcome).error as TimeoutError).scope, scope);
});

test('a shield of one run holds off no other', async (t) => {
  const shielded = new Timeout();
  const gate = defer<string>();
  const first = settled(runWithin(shielded, 5, () => shielded.shield(() => gate.promise)));
  const other = new Timeout(10);
  t.is((await timeoutFrom(t, other.run(forever))).scope, other);
  t.is(shielded.state, 'executing');
  gate.resolve('value');
  t.true((await first).rejected);
});

test('work that ends in its shield after the deadline is a timeout: late, and stopped', async (t) => {
  const scope = new Timeout();
  const gate = defer();
  const outcome = timeoutFrom(
    t,
    runWithin(scope, 5, () => scope.shield(() => gate.promise)),
  );
  await past(20);
  gate.resolve(undefined);
  const error = await outcome;
  t.is(error.scope, scope);
  t.true(error.stopped);
});

test('outside of every scope a shield just runs its work', async (t) => {
  const scope = new Timeout(5);
  t.is(
    scope.shield(() => 1),
    1,
  );
  t.is(await scope.shield(async () => turn().then(() => 2)), 2);
  t.is(scope.state, 'pending');
  t.throws(() => scope.shield(5 as never), { instanceOf: InvalidOptionError });
});

test('a shield that is closed while its promise goes on forever keeps nobody waiting in other runs', async (t) => {
  const child = await runSource(
    `import { run, Timeout } from 'hardstop';
    const forever = () => new Promise(() => {});
    void run((scope) => scope.shield(forever), 20).catch(() => {});
    const other = await run(forever, { timeout: 20, default: 'other' });
    console.log(other);`,
  );
  t.false(child.timedOut, 'a shield that waits for ever keeps the process alive');
  t.is(child.stdout, 'other\n', child.stderr);
});

test('a generator given to a shield keeps its return value, its catch and its finally', async (t) => {
  const order: string[] = [];
  const value = await run(function* (scope) {
    return yield* scope.shield(function* () {
      try {
        yield Promise.reject(new Error('caught'));
      } catch (error) {
        order.push((error as Error).message);
      } finally {
        order.push('finally');
      }
      return 'value';
    });
  }, 600_000);
  t.is(value, 'value');
  t.deepEqual(order, ['caught', 'finally']);
});

test('leaving a shielded generator early closes the shield, and runs its finally', async (t) => {
  const order: string[] = [];
  const scope = new Timeout();
  const error = await timeoutFrom(
    t,
    runWithin(scope, 10, function* () {
      const steps = scope.shield(function* () {
        try {
          yield 1;
          yield 2;
        } finally {
          order.push('finally');
        }
      });
      for (const step of steps) {
        order.push(String(step));
        break;
      }
      yield forever();
    }),
  );
  t.is(error.scope, scope);
  t.deepEqual(order, ['1', 'finally']);
});

serialNativeTest('a loop in a shielded step is not cut before the shield ends', async (t) => {
  const order: string[] = [];
  const works: RunWork<void>[] = [
    function* (scope: Timeout) {
      yield turn();
      scope.shield(() => {
        spin(REACHABLE + 60);
        order.push('shielded');
      });
      loopForever();
    },
    async (scope: Timeout) => {
      scope.shield(() => {
        spin(REACHABLE + 60);
        order.push('shielded');
      });
      loopForever();
    },
  ];
  for (const work of works) {
    const scope = new Timeout(REACHABLE);
    const error = await timeoutFrom(t, scope.run(work));
    t.is(error.scope, scope);
    t.is(error.stage, 'interrupt');
  }
  t.deepEqual(order, ['shielded', 'shielded']);
});

serialNativeTest(
  'a runSync in a shield has its own limit, and is not cut by those around',
  async (t) => {
    const scope = new Timeout();
    const seen: unknown[] = [];
    const error = await timeoutFrom(
      t,
      runWithin(scope, 10, async () => {
        await scope.shield(async () => {
          await past(20);
          runSync(() => spin(30), 600_000);
          seen.push('spun');
          try {
            runSync(loopForever, 10);
          } catch (thrown) {
            seen.push((thrown as TimeoutError).timeout);
          }
        });
        await forever();
      }),
    );
    t.is(error.scope, scope);
    t.deepEqual(seen, ['spun', 10]);
  },
);

serialNativeTest(
  'a runSync in a shield is not cut by a deadline around that is moved in it',
  async (t) => {
    const scope = new Timeout(600_000);
    let isDone = false;
    const error = await timeoutFrom(
      t,
      scope.run(async () => {
        await scope.shield(async () => {
          await turn();
          runSync(() => {
            scope.reschedule(20);
            spin(60);
            isDone = true;
          }, 600_000);
        });
      }),
    );
    t.is(error.scope, scope);
    t.true(isDone);
  },
);

test('cleanup of its own limit in a shield after the deadline: bounded, and not cut by it', async (t) => {
  const scope = new Timeout(undefined, { grace: 600_000 });
  const order: string[] = [];
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, async ({ signal }) => {
      try {
        await abortOf(signal);
        signal.throwIfAborted();
      } finally {
        await scope.shield(async () => {
          order.push((await run(async () => turn().then(() => 'saved'), 600_000)) as string);
          order.push((await run(forever, { timeout: 5, default: 'gave up' })) as string);
        });
      }
    }),
  );
  t.deepEqual(order, ['saved', 'gave up']);
  t.is(error.scope, scope);
  t.is(error.stage, 'signal');
});

import { AsyncLocalStorage } from 'node:async_hooks';
import test from 'ava';
import {
  currentScope,
  InvalidOptionError,
  isTimeoutError,
  run,
  runSync,
  Timeout,
  type TimeoutError,
  wait,
} from 'hardstop';
import { defer, forever, runWithin, settled, timeoutFrom, turn } from '../harness/async-work.js';
import { serialNativeTest } from '../harness/native-test.js';
import { outcomeOf } from '../harness/outcome.js';
import { runSource } from '../harness/run-fixture.js';
import { loopForever, REACHABLE, spinUntil } from '../harness/work.js';
import { waitForCondition } from '../harness/wait-for.js';

/** Steps that are sent what they say they are. */

type Steps<T = unknown> = Generator<unknown, T>;

test('a yield gives what it waited for: promises, thenables, arrays, plain values', async (t) => {
  const thenable = { then: (resolve: (value: string) => void) => resolve('thenable') };
  const later = {
    then: (resolve: (value: string) => void) => {
      setImmediate(resolve, 'later');
    },
  };
  const symbol = Symbol('plain');
  const plain = { plain: true };
  const yielded: readonly [unknown, unknown][] = [
    [Promise.resolve('promise'), 'promise'],
    [turn().then(() => 'turn'), 'turn'],
    [thenable, 'thenable'],
    [later, 'later'],
    [Promise.resolve(thenable), 'thenable'],
    [undefined, undefined],
    [null, null],
    [0, 0],
    ['text', 'text'],
    [symbol, symbol],
    [plain, plain],
    [loopForever, loopForever],
  ];
  const given = await run(function* (): Steps<unknown[]> {
    const values: unknown[] = [];
    for (const [value] of yielded) values.push(yield value);
    return values;
  }, 60_000);
  t.deepEqual(
    given.map((value, i) => Object.is(value, yielded[i]?.[1])),
    yielded.map(() => true),
  );
});

test('a yielded array waits for all, in their order', async (t) => {
  const slow = defer<string>();
  const values = await run(function* (): Steps {
    setImmediate(() => slow.resolve('slow'));
    return yield [
      slow.promise,
      'plain',
      Promise.resolve('fast'),
      { then: (f: (value: string) => void) => f('then') },
    ];
  }, 60_000);
  t.deepEqual(values, ['slow', 'plain', 'fast', 'then']);
  t.deepEqual(
    await run(function* (): Steps {
      return yield [];
    }, 60_000),
    [],
  );
});

test('what a promise rejects with is thrown at the yield', async (t) => {
  const failure = new Error('of the promise');
  const thenable = {
    then(_: unknown, reject: (error: unknown) => void) {
      reject(failure);
    },
  };
  const throwing = {
    then() {
      throw failure;
    },
  };
  const hostile = {
    get then() {
      throw failure;
    },
  };
  for (const yielded of [
    Promise.reject(failure),
    thenable,
    throwing,
    hostile,
    [turn(), Promise.reject(failure)],
    [hostile],
  ]) {
    const scope = new Timeout(60_000);
    const caught = await scope.run(function* (): Steps {
      try {
        yield yielded;
      } catch (error) {
        yield turn();
        return error;
      }
      return undefined;
    });
    t.is(caught, failure);
    t.is(scope.state, 'executed');
  }
});

test('`yield*` runs another generator inside, with its value and its errors', async (t) => {
  const failure = new Error('inside');
  function* inner(fails: boolean): Steps<string> {
    const first: string = yield turn().then(() => 'first');
    if (fails) throw failure;
    return `${first}, then second`;
  }
  t.is(
    await run(function* (): Steps<string> {
      return (yield* inner(false)) + '!';
    }, 60_000),
    'first, then second!',
  );
  t.is(
    (
      await settled(
        run(function* (): Steps<string> {
          return yield* inner(true);
        }, 60_000),
      )
    ).error,
    failure,
  );
});

test('a generator that is yielded is a forgotten `*`, and the error says so', async (t) => {
  function* inner(): Steps<void> {
    yield turn();
  }
  for (const yielded of [inner, (): unknown => [inner()]]) {
    const error = await t.throwsAsync(
      run(function* (): Steps<void> {
        yield yielded();
      }, 60_000),
      { instanceOf: InvalidOptionError },
    );
    t.regex(error?.message ?? '', /yield\*/);
  }
  const caught = await run(function* (): Steps {
    try {
      yield inner();
    } catch (error) {
      return error;
    }
    return undefined;
  }, 60_000);
  t.true(caught instanceof InvalidOptionError);
});

test('a generator object, or a function that returns one, is a coroutine too', async (t) => {
  function* steps(): Steps<string> {
    yield turn();
    return 'value';
  }
  t.is(await run(() => steps(), 60_000), 'value');
  const handMade = {
    count: 0,
    next() {
      this.count++;
      return this.count > 3 ? { done: true, value: this.count } : { done: false, value: turn() };
    },
    throw(error: unknown) {
      throw error;
    },
    return: (value: unknown) => ({ done: true, value }),
    [Symbol.iterator]() {
      return this;
    },
  };
  t.is(await run((() => handMade) as never, 60_000), 4 as never);
});

test('the timeout is thrown at the yield: catch and finally run, with the very error', async (t) => {
  const seen: unknown[] = [];
  const scope = new Timeout();
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, function* () {
      try {
        yield forever();
        seen.push('went on');
      } catch (thrown) {
        seen.push(thrown);
        throw thrown;
      } finally {
        seen.push('finally');
      }
    }),
  );
  t.deepEqual(seen, [error, 'finally']);
  t.is(error.stage, 'yield');
  t.true(error.stopped);
  t.is(error.scope, scope);
  t.is(scope.state, 'timed_out');
});

test('the timeout is thrown at the yield, too, where the loop is busy with something else until what it waits for has come', async (t) => {
  const events: string[] = [];
  const scope = new Timeout(3_600_000);
  const error = await timeoutFrom(
    t,
    scope.run(function* () {
      try {
        yield new Promise((resolve) => {
          setImmediate(() => {
            scope.reschedule(5);
            spinUntil(scope.deadline);
            resolve('too late');
          });
        });
        events.push('went on');
      } catch (caught) {
        t.true(isTimeoutError(caught));
        events.push('catch');
        throw caught;
      } finally {
        events.push('finally');
      }
    }),
  );
  t.deepEqual(events, ['catch', 'finally']);
  t.deepEqual([error.scope, error.stage, error.stopped], [scope, 'yield', true]);
});

test('the timeout is thrown into the innermost generator of a `yield*`', async (t) => {
  const order: string[] = [];
  function* inner(): Steps<void> {
    try {
      yield forever();
    } finally {
      order.push('inner');
    }
  }
  await timeoutFrom(
    t,
    runWithin(new Timeout(), 5, function* () {
      try {
        yield* inner();
      } finally {
        order.push('outer');
      }
    }),
  );
  t.deepEqual(order, ['inner', 'outer']);
});

test('a coroutine whose body has not begun when it is stopped runs nothing', async (t) => {
  let started = 0;
  const scope = new Timeout(60_000, { signal: AbortSignal.abort(new Error('stop')) });
  await settled(
    scope.run(function* () {
      started++;
      yield turn();
    }),
  );
  t.is(started, 0);
});

test('swallowed, the timeout is thrown again at each later yield', async (t) => {
  const errors: unknown[] = [];
  const scope = new Timeout();
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, function* () {
      for (let i = 0; i < 6; i++) {
        try {
          yield forever();
        } catch (thrown) {
          errors.push(thrown);
        }
      }
      return 'a value all the same';
    }),
  );
  t.is(errors.length, 6);
  for (const thrown of errors) t.is(thrown, error);
  t.is(error.stage, 'yield');
  t.is(scope.state, 'timed_out');
});

test('a plain yield throws the timeout again as well', async (t) => {
  let count = 0;
  await timeoutFrom(
    t,
    runWithin(new Timeout(), 5, function* () {
      try {
        yield forever();
      } catch {
        try {
          yield 1;
        } catch {
          count++;
        }
      }
    }),
  );
  t.is(count, 1);
});

test('a coroutine that never stops swallowing is given up', async (t) => {
  let throws = 0;
  const error = await timeoutFrom(
    t,
    runWithin(new Timeout(), 5, function* () {
      for (;;) {
        try {
          yield forever();
        } catch {
          throws++;
        }
      }
    }),
  );
  const atTheEnd = throws;
  t.true(atTheEnd > 3);
  t.is(error.stage, 'yield');
  await turn();
  await turn();
  t.is(throws, atTheEnd);
});

test('the event loop turns while a coroutine swallows its timeout', async (t) => {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  let throws = 0;
  await timeoutFrom(
    t,
    runWithin(new Timeout(), 5, function* () {
      for (;;) {
        try {
          yield forever();
        } catch {
          if (throws++ === 0) turns = 0;
        }
      }
    }),
  );
  isOver = true;
  t.true(turns > 10);
});

test('with a grace a coroutine is given up when that is over, never early', async (t) => {
  const scope = new Timeout(undefined, { grace: REACHABLE });
  const startedAt = performance.now();
  let thrownAt = 0;
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, function* () {
      for (;;) {
        try {
          yield forever();
        } catch {
          thrownAt ||= performance.now();
          const next = performance.now() + 10;
          while (performance.now() < next);
        }
      }
    }),
  );
  t.true(thrownAt - startedAt >= 5);
  t.true(performance.now() - startedAt >= REACHABLE + 5);
  t.is(error.scope, scope);
});

test('an error of a finally wins, the timeout in its chain of causes', async (t) => {
  const failure = new Error('of the finally');
  const scope = new Timeout();
  const { error } = await settled(
    runWithin(scope, 5, function* () {
      try {
        yield forever();
      } finally {
        throw failure;
      }
    }),
  );
  t.is(error, failure);
  t.is((failure.cause as TimeoutError).scope, scope);
  t.is(scope.state, 'failed');
});

test('a value returned from a finally does not swallow the timeout', async (t) => {
  const scope = new Timeout();
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, function* () {
      try {
        yield forever();
      } finally {
        return 'value';
      }
    }),
  );
  t.is(error.scope, scope);
});

test('`default` stands in after catch and finally have run', async (t) => {
  const order: string[] = [];
  const scope = new Timeout(undefined, { default: 'instead' });
  const outcome = runWithin(scope, 5, function* () {
    try {
      yield forever();
    } finally {
      order.push('finally');
    }
  });
  t.is(await outcome, 'instead' as never);
  t.deepEqual(order, ['finally']);
});

test('a yield in a shield waits on, and the timeout is thrown at the next one after it', async (t) => {
  const order: string[] = [];
  const scope = new Timeout();
  const gate = defer<string>();
  const outcome = runWithin(scope, 5, function* (): Steps<void> {
    const value = yield* scope.shield(function* (): Steps<string> {
      order.push('in the shield');
      const first: string = yield gate.promise;
      yield turn();
      order.push('still in the shield');
      return first;
    });
    order.push(value);
    try {
      yield turn();
      order.push('went on');
    } finally {
      order.push('finally');
    }
  });
  outcome.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.is(scope.state, 'executing');
  gate.resolve('gate');
  const error = await timeoutFrom(t, outcome);
  t.is(error.scope, scope);
  t.deepEqual(order, ['in the shield', 'still in the shield', 'gate', 'finally']);
});

serialNativeTest('a loop in a step is cut, and the coroutine ends', async (t) => {
  for (const before of [0, 1, 3]) {
    const order: string[] = [];
    const scope = new Timeout();
    const error = await timeoutFrom(
      t,
      scope.run(function* () {
        scope.defer(() => order.push('defer'));
        try {
          for (let i = 0; i < before; i++) yield turn();
          order.push('loop');
          scope.reschedule(REACHABLE);
          loopForever();
        } catch {
          order.push('catch');
        } finally {
          order.push('finally');
        }
      }),
    );
    t.is(error.scope, scope);
    t.is(error.stage, 'interrupt');
    t.is(error.strategy, 'native');
    t.true(error.stopped);
    t.true(error.elapsed >= REACHABLE);
    t.regex(String((error.cause as Error).stack), /loopForever/);
    t.deepEqual(order, ['loop', 'defer']);
    t.is(currentScope(), undefined);
  }
});

serialNativeTest('a loop in the first part of an async function is cut', async (t) => {
  const scope = new Timeout(REACHABLE);
  const error = await timeoutFrom(
    t,
    scope.run(async () => {
      loopForever();
    }),
  );
  t.is(error.stage, 'interrupt');
  t.true(error.stopped);
  t.regex(String((error.cause as Error).stack), /loopForever/);
});

serialNativeTest(
  'a loop in the finally of a coroutine is cut by the deadline around it',
  async (t) => {
    const outer = new Timeout();
    const inner = new Timeout();
    const error = await timeoutFrom(
      t,
      outer.run(async () => {
        await settled(
          runWithin(inner, 5, function* () {
            try {
              yield forever();
            } finally {
              outer.reschedule(60);
              try {
                yield turn();
              } finally {
                loopForever();
              }
            }
          }),
        );
      }),
    );
    t.is(error.scope, outer);
  },
);

serialNativeTest('a loop in a finally without grace is cut in the end', async (t) => {
  let reached = false;
  const error = await timeoutFrom(
    t,
    runWithin(new Timeout(), 5, function* () {
      try {
        yield forever();
      } finally {
        reached = true;
        loopForever();
      }
    }),
  );
  t.true(reached);
  t.is(error.stage, 'interrupt');
  t.true(error.stopped);
});

serialNativeTest(
  'a loop in the finally of a coroutine is cut when its grace is over',
  async (t) => {
    const scope = new Timeout(undefined, { grace: REACHABLE });
    let reached = false;
    const error = await timeoutFrom(
      t,
      runWithin(scope, 5, function* () {
        try {
          yield forever();
        } finally {
          reached = true;
          loopForever();
        }
      }),
    );
    t.true(reached);
    t.is(error.scope, scope);
    t.is(error.stage, 'interrupt');
    t.true(error.elapsed >= REACHABLE + 5);
  },
);

test.serial(
  'a step that comes back after the deadline goes no further than its yield',
  async (t) => {
    const order: string[] = [];
    const scope = new Timeout();
    const error = await timeoutFrom(
      t,
      scope.run(function* () {
        yield turn();
        scope.reschedule(50);
        // A native step is cut in this loop, any other comes back late.
        try {
          scope.shield(() => spinUntil(performance.now() + 60));
          order.push('step');
          yield forever();
          order.push('went on');
        } finally {
          order.push('finally');
        }
      }),
    );
    t.is(error.scope, scope);
    t.false(order.includes('went on'));
  },
);

test('a coroutine of plain yields alone is stopped: no starvation', async (t) => {
  const child = await runSource(
    `import { run, Timeout, wait } from 'hardstop';
    const works = [
      function* () { for (;;) yield 1; },
      function* () { for (;;) yield Promise.resolve(); },
      function* () { for (;;) yield* wait(null); },
      function* () { for (;;) yield []; },
      function* () { for (;;) yield { then: (resolve) => resolve() }; },
      function* (scope) { for (;;) { yield 1; scope.checkpoint(); } },
    ];
    const stages = [];
    for (const work of works) {
      try {
        await run(work, 30);
        stages.push('value');
      } catch (error) { stages.push(error.code); }
    }
    console.log(stages.join());`,
    { timeoutMs: 40_000 },
  );
  t.false(child.timedOut, 'a busy coroutine was not stopped');
  t.is(child.stdout.trim(), Array(6).fill('ERR_HARDSTOP_TIMEOUT').join(), child.stderr);
});

test('a coroutine of plain yields leaves room for the deadlines of other scopes', async (t) => {
  const child = await runSource(
    `import { run } from 'hardstop';
    const order = [];
    const short = run(() => new Promise(() => {}), { timeout: 20, default: 'short' }).then((v) => order.push(v));
    const aborting = new AbortController();
    const busy = run(function* () {
      for (;;) {
        if (order.length > 0) return 'saw it';
        yield 1;
      }
    }, { timeout: 20_000, default: 'busy' });
    order.push(await busy);
    await short;
    console.log(order.join());`,
    { timeoutMs: 40_000 },
  );
  t.is(child.stdout.trim(), 'short,saw it', child.stderr);
});

test('a busy coroutine around which a run expires is stopped', async (t) => {
  const child = await runSource(
    `import { run } from 'hardstop';
    const error = await run(() => run(function* () { for (;;) yield 1; }), 30).catch((e) => e);
    console.log(error.code, error.timeout);`,
    { timeoutMs: 40_000 },
  );
  t.false(child.timedOut);
  t.is(child.stdout.trim(), 'ERR_HARDSTOP_TIMEOUT 30', child.stderr);
});

test('the stores of other AsyncLocalStorages are kept in each step, also after a timeout', async (t) => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const look = (): void => {
    seen.push(storage.getStore());
  };
  const outcome = storage.run('mine', () =>
    run(
      function* (scope) {
        look();
        yield turn();
        look();
        yield storage.run('another', () => turn());
        look();
        yield 1;
        look();
        try {
          yield Promise.reject(new Error('caught'));
        } catch {
          look();
        }
        scope.reschedule(5);
        try {
          yield forever();
        } catch {
          look();
          try {
            yield turn();
          } catch {
            look();
          }
        } finally {
          look();
        }
        // With a grace, so that a step that a busy machine holds up is not cut.
      },
      { timeout: 60_000, grace: 60_000 },
    ),
  );
  const inThen = storage.run('of the caller', () =>
    outcome.catch(() => {
      look();
    }),
  );
  await inThen;
  t.deepEqual(seen, [...Array<string>(8).fill('mine'), 'of the caller']);
  t.is(storage.getStore(), undefined);
});

test('the scope is current in each step, and not outside', async (t) => {
  // With a grace, so that a step that a busy machine holds up is not cut.
  const scope = new Timeout(undefined, { grace: 600_000 });
  const seen: unknown[] = [];
  const outcome = scope.run(function* () {
    seen.push(currentScope());
    yield turn();
    seen.push(currentScope());
    yield 1;
    seen.push(currentScope());
    scope.reschedule(5);
    try {
      yield forever();
    } finally {
      seen.push(currentScope());
    }
  });
  t.is(currentScope(), undefined);
  await settled(outcome);
  t.is(currentScope(), undefined);
  t.deepEqual(seen, [scope, scope, scope, scope]);
});

test('what a yield waited for is of no interest after a timeout there', async (t) => {
  const gate = defer<string>();
  const seen: unknown[] = [];
  const scope = new Timeout(undefined, { grace: 600_000 });
  const after = defer<string>();
  const outcome = runWithin(scope, 5, function* () {
    try {
      seen.push(yield gate.promise);
    } catch {
      seen.push('timeout');
    }
    yield* scope.shield(function* () {
      seen.push(yield after.promise);
    });
  });
  outcome.catch(() => {});
  await waitForCondition('the timeout is thrown', () => seen.includes('timeout'));
  gate.resolve('too late');
  await turn();
  after.resolve('after');
  await settled(outcome);
  t.deepEqual(seen, ['timeout', 'after']);
});

test('a coroutine that ends in its first step has its value', async (t) => {
  const work = function* (): Generator<never, string> {
    return 'value';
  };
  const scope = new Timeout(60_000);
  t.is(await scope.run(work), 'value');
  t.is(scope.state, 'executed');
});

test('a promise that a coroutine returns is waited for', async (t) => {
  const work = function* (): Generator<unknown, Promise<string>> {
    yield turn();
    return turn().then(() => 'value');
  };
  t.is((await run(work, 60_000)) as unknown, 'value');
  const hanging = function* (): Generator<unknown, Promise<string>> {
    yield turn();
    return forever();
  };
  const scope = new Timeout(60);
  const error = await timeoutFrom(t, scope.run(hanging));
  t.is(error.scope, scope);
});

test('an abort from outside is thrown at the yield, again at each later one', async (t) => {
  const outside = new AbortController();
  const reason = new Error('stop');
  const seen: unknown[] = [];
  const scope = new Timeout(600_000, { signal: outside.signal });
  const outcome = settled(
    scope.run(function* () {
      for (let i = 0; i < 2; i++) {
        try {
          yield forever();
        } catch (error) {
          seen.push(error);
        }
      }
      return 'value';
    }),
  );
  await turn();
  outside.abort(reason);
  const { error } = await outcome;
  t.is(error, reason);
  t.deepEqual(seen, [reason, reason]);
  t.is(scope.state, 'interrupted');
});

test('a run inside a coroutine step is awaited with a yield, and thrown at it', async (t) => {
  const inner = new Timeout(5);
  const value = await run(function* (): Steps {
    try {
      yield inner.run(forever);
    } catch (error) {
      return error;
    }
    return undefined;
  }, 60_000);
  t.true(isTimeoutError(value));
  t.is((value as TimeoutError).scope, inner);
});

serialNativeTest('a runSync in a step is cut alone where its limit comes first', async (t) => {
  const inner = new Timeout(10);
  const seen: unknown[] = [];
  const value = await run(function* (): Steps {
    yield turn();
    const outcome = outcomeOf(() => inner.runSync(loopForever));
    seen.push((outcome.error as TimeoutError).scope);
    yield turn();
    return 'went on';
  }, 60_000);
  t.is(value, 'went on');
  t.deepEqual(seen, [inner]);
});

serialNativeTest('a runSync in a step is cut with it where the run comes first', async (t) => {
  const outer = new Timeout();
  const inner = new Timeout(60_000);
  const error = await timeoutFrom(
    t,
    outer.run(function* () {
      yield turn();
      outer.reschedule(REACHABLE);
      outcomeOf(() => inner.runSync(loopForever));
    }),
  );
  t.is(error.scope, outer);
  t.is(error.stage, 'interrupt');
  t.is(inner.state, 'interrupted');
  t.is(currentScope(), undefined);
});

test.serial('a getter of a thenable that needs longer than the limit is no way out', async (t) => {
  const scope = new Timeout(40);
  const error = await timeoutFrom(
    t,
    scope.run(function* () {
      yield {
        get then() {
          spinUntil(performance.now() + 60);
          return undefined;
        },
      };
      yield forever();
    }),
  );
  t.is(error.scope, scope);
});

serialNativeTest('a step of many generators at once: each has its own', async (t) => {
  const values = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      run(function* (scope): Steps {
        for (let step = 0; step < 5; step++) {
          if (currentScope() !== scope) return 'another scope';
          yield step % 2 === 0 ? turn() : step;
        }
        return i;
      }, 60_000),
    ),
  );
  t.deepEqual(
    values,
    values.map((_, i) => i),
  );
});

test('`wait` and shields nest: yield* all the way down', async (t) => {
  const scope = new Timeout(60_000);
  const value = await scope.run(function* () {
    return yield* scope.shield(function* () {
      const first = yield* wait(Promise.resolve(1));
      return yield* scope.shield(function* () {
        return first + (yield* wait(turn().then(() => 2)));
      });
    });
  });
  t.is(value, 3);
});

test('runSync inside a coroutine sees the deadline of the run', async (t) => {
  const scope = new Timeout(60_000);
  await scope.run(function* () {
    yield turn();
    runSync((inner) => {
      t.true(inner.deadline <= scope.deadline);
      t.is(inner.timeout, Infinity);
    }, undefined as never);
  });
  t.is(scope.state, 'executed');
});

test('a step is not begun once its scope was told to stop, although what it waited for has come', async (t) => {
  const victim = new Timeout(REACHABLE);
  let hasBegun = false;
  // Its first step lets the deadline of the other pass, and its next `yield` has the scopes told.
  const busy = run(function* () {
    yield* wait(Promise.resolve());
    spinUntil(victim.deadline);
    yield* wait(Promise.resolve());
  }, 60_000);
  const outcome = victim.run(function* () {
    yield* wait(Promise.resolve());
    hasBegun = true;
  });
  const error = await timeoutFrom(t, outcome);
  t.is(error.stage, 'yield');
  t.false(hasBegun);
  await busy;
});

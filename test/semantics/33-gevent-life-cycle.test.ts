import test from 'ava';
import {
  currentScope,
  InvalidOptionError,
  InvalidStateError,
  isTimeoutError,
  run,
  runSync,
  Timeout,
  TimeoutError,
} from 'hardstop';
import { forever, past, runWithin, settled, timeoutFrom, turn } from '../harness/async-work.js';
import { collectGarbage } from '../harness/collect-garbage.js';
import { runSource } from '../harness/run-fixture.js';
import { REACHABLE } from '../harness/work.js';

/** A coroutine in which a timeout is started; gives what was thrown at its yield. */
function caughtIn(start: () => unknown): Promise<unknown> {
  return run(function* () {
    start();
    try {
      yield forever();
    } catch (error) {
      return error;
    }
    return undefined;
  }, 600_000);
}

test('construction starts nothing', async (t) => {
  const timeout = new Timeout(5);
  t.false(timeout.pending);
  t.is(timeout.state, 'pending');
  await run(function* () {
    yield new Promise((resolve) => setTimeout(resolve, 15));
  }, 600_000);
  t.is(timeout.state, 'pending');
});

test('a started timeout is thrown in the coroutine that started it, as its own error', async (t) => {
  const timeout = new Timeout(5);
  const startedAt = performance.now();
  const caught = (await caughtIn(() => timeout.start())) as TimeoutError;
  t.true(performance.now() - startedAt >= 5);
  t.true(caught instanceof TimeoutError);
  t.is(caught.scope, timeout);
  t.is(caught.timeout, 5);
  t.is(caught.stage, 'yield');
  t.is(timeout.state, 'timed_out');
  t.false(timeout.pending);
});

test('uncaught, it ends the run, which is interrupted by a timeout that is not its own', async (t) => {
  const timeout = new Timeout(5);
  const scope = new Timeout(600_000);
  const { error } = await settled(
    scope.run(function* () {
      timeout.start();
      yield forever();
    }),
  );
  t.is((error as TimeoutError).scope, timeout);
  t.is(scope.state, 'interrupted');
});

test('in an async function it ends the whole run', async (t) => {
  const timeout = new Timeout(5);
  const scope = new Timeout(600_000);
  let aborted: unknown;
  const { error } = await settled(
    scope.run(async ({ signal }) => {
      signal.addEventListener('abort', () => (aborted = signal.reason));
      await turn();
      timeout.start();
      await forever();
    }),
  );
  t.is((error as TimeoutError).scope, timeout);
  t.is(aborted, error);
  t.is(scope.state, 'interrupted');
  t.false((error as TimeoutError).stopped);
});

test('it is raised once: the coroutine that catches it goes on', async (t) => {
  const timeout = new Timeout(5);
  let throws = 0;
  const value = await run(function* () {
    timeout.start();
    for (let i = 0; i < 5; i++) {
      try {
        yield i === 0 ? forever() : turn();
      } catch {
        throws++;
      }
    }
    return 'went on';
  }, 600_000);
  t.is(value, 'went on');
  t.is(throws, 1);
});

test('`start` returns the timeout; started already, it stays as it is', async (t) => {
  await run(function* () {
    const timeout = new Timeout(600_000);
    t.is(timeout.start(), timeout);
    const { deadline } = timeout;
    yield new Promise((resolve) => setTimeout(resolve, 5));
    t.is(timeout.start(), timeout);
    t.is(timeout.deadline, deadline);
    t.true(timeout.pending);
    timeout.close();
  }, 600_000);
});

test('the time counts from `start`, not from construction', async (t) => {
  const timeout = new Timeout(20);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const startedAt = performance.now();
  t.true(isTimeoutError(await caughtIn(() => timeout.start())));
  t.true(performance.now() - startedAt >= 20);
});

test('`pending` is true while it is scheduled', async (t) => {
  const timeout = new Timeout(600_000);
  const expiring = new Timeout(5);
  const without = new Timeout();
  await run(function* () {
    t.false(timeout.pending);
    timeout.start();
    t.true(timeout.pending);
    yield turn();
    t.true(timeout.pending);
    timeout.cancel();
    t.false(timeout.pending);
    timeout.start();
    t.true(timeout.pending);
    timeout.close();
    t.false(timeout.pending);
    without.start();
    t.false(without.pending);
    try {
      expiring.start();
      yield forever();
    } catch {
      t.false(expiring.pending);
    }
  }, 600_000);
});

test('without a limit nothing is ever raised', async (t) => {
  const child = await runSource(
    `import { run, Timeout } from 'hardstop';
    void run(function* () {
      new Timeout().start();
      new Timeout(null).start();
      Timeout.startNew(Infinity);
      yield new Promise(() => {});
    });`,
  );
  t.false(child.timedOut, 'something keeps the process alive');
  t.is(child.code, 0, child.stderr);
});

test('0 strikes at the next yield', async (t) => {
  const timeout = new Timeout(0);
  const order: string[] = [];
  await run(function* () {
    timeout.start();
    order.push('started');
    try {
      yield turn();
      order.push('went on');
    } catch (error) {
      order.push((error as TimeoutError).scope === timeout ? 'thrown' : 'another');
    }
  }, 600_000);
  t.deepEqual(order, ['started', 'thrown']);
});

test('`cancel` keeps it from being raised, and leaves it restartable', async (t) => {
  const timeout = new Timeout(REACHABLE);
  const value = await run(function* () {
    timeout.start();
    timeout.cancel();
    t.is(timeout.state, 'cancelled');
    yield past(REACHABLE + 20);
    timeout.cancel();
    timeout.start();
    t.is(timeout.state, 'executing');
    try {
      yield forever();
    } catch (error) {
      return error;
    }
    return undefined;
  }, 600_000);
  t.is((value as TimeoutError).scope, timeout);
});

test('after expiry it can be started again, with another error object', async (t) => {
  const timeout = new Timeout(60_000);
  const errors = await run(function* () {
    const caught: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      timeout.start();
      t.true(timeout.pending);
      timeout.reschedule(5);
      try {
        yield forever();
      } catch (error) {
        caught.push(error);
      }
    }
    return caught;
  }, 600_000);
  t.is(new Set(errors).size, 3);
  for (const error of errors) t.is((error as TimeoutError).scope, timeout);
});

test('after `close` it can be neither started nor run', async (t) => {
  const timeout = new Timeout(600_000);
  await run(function* () {
    timeout.start();
    timeout.close();
    timeout.close();
    t.is(timeout.state, 'executed');
    t.throws(() => timeout.start(), { instanceOf: InvalidStateError, message: /closed/ });
    t.throws(() => Timeout.startNew(timeout), { instanceOf: InvalidStateError });
    t.throws(() => timeout.runSync(() => 1), { instanceOf: InvalidStateError });
    const outcome = (yield settled(timeout.run(() => 1))) as { error: unknown };
    t.true(outcome.error instanceof InvalidStateError);
  }, 600_000);
  const unused = new Timeout(5);
  unused.close();
  await t.throwsAsync(
    run(function* () {
      unused.start();
      yield turn();
    }, 600_000),
    { instanceOf: InvalidStateError },
  );
});

test('`close` keeps it from being raised', async (t) => {
  const timeout = new Timeout(5);
  const value = await run(function* () {
    timeout.start();
    timeout.close();
    yield new Promise((resolve) => setTimeout(resolve, 20));
    return 'value';
  }, 600_000);
  t.is(value, 'value');
});

test('one that has expired but was not thrown yet is withdrawn by `cancel` and `close`', async (t) => {
  for (const how of ['cancel', 'close'] as const) {
    const timeout = new Timeout();
    const scope = new Timeout(600_000);
    const value = await scope.run(function* () {
      yield turn();
      yield* scope.shield(function* () {
        timeout.start();
        timeout.reschedule(5);
        // In a shield of its own nothing of the outside is thrown.
        yield* scope.shield(function* () {
          while (timeout.state !== 'timed_out') yield past(5);
          timeout[how]();
        });
        yield turn();
      });
      yield turn();
      return 'went on';
    });
    t.is(value, 'went on');
  }
});

test('a timeout that was started does not reach inside a shield, only behind it', async (t) => {
  const timeout = new Timeout();
  const order: string[] = [];
  const scope = new Timeout(600_000);
  await scope.run(function* () {
    timeout.start();
    timeout.reschedule(5);
    try {
      yield* scope.shield(function* () {
        yield new Promise((resolve) => setTimeout(resolve, 30));
        order.push('shielded');
      });
      order.push('behind the shield');
      yield forever();
    } catch (error) {
      order.push((error as TimeoutError).scope === timeout ? 'thrown' : String(error));
    }
  });
  t.deepEqual(order, ['shielded', 'behind the shield', 'thrown']);
});

test('`Timeout.startNew` makes one and starts it, or starts the one that it is given', async (t) => {
  await run(function* () {
    const made = Timeout.startNew(600_000);
    t.true(made instanceof Timeout);
    t.is(made.timeout, 600_000);
    t.true(made.pending);
    made.close();

    const given = new Timeout(600_000);
    t.is(Timeout.startNew(given), given);
    t.true(given.pending);
    t.is(Timeout.startNew(given), given);
    given.close();

    t.false(Timeout.startNew().pending);
    t.false(Timeout.startNew(null).pending);
    yield turn();
  }, 600_000);
  const mine = new Error('mine');
  t.is(await caughtIn(() => Timeout.startNew(5, mine)), mine);
});

test('`startNew` refuses bad limits and errors as the constructor does', async (t) => {
  await run(function* () {
    t.throws(() => Timeout.startNew(-1), { instanceOf: InvalidOptionError });
    t.throws(() => Timeout.startNew(NaN), { instanceOf: InvalidOptionError });
    t.throws(() => Timeout.startNew('5' as never), { instanceOf: InvalidOptionError });
    t.throws(() => Timeout.startNew(5, 5 as never), { instanceOf: InvalidOptionError });
    yield turn();
  }, 600_000);
});

test('`using` closes it at the end of the block', async (t) => {
  let kept: Timeout | undefined;
  const value = await run(function* () {
    {
      using timeout = Timeout.startNew(10);
      kept = timeout;
    }
    yield new Promise((resolve) => setTimeout(resolve, 30));
    return 'value';
  }, 600_000);
  t.is(value, 'value');
  t.false(kept?.pending);
  t.throws(() => kept?.start(), { instanceOf: InvalidStateError });
});

test('`using` closes it also where it was thrown itself', async (t) => {
  let kept: Timeout | undefined;
  const { error } = await settled(
    run(function* () {
      using timeout = Timeout.startNew(10);
      kept = timeout;
      yield forever();
    }, 600_000),
  );
  t.is((error as TimeoutError).scope, kept);
  t.is(kept?.state, 'timed_out');
  t.false(kept?.pending);
});

class Mine extends Error {}

test('`error` says what is raised: an Error, a class, a message, a function', async (t) => {
  const mine = new Mine('mine');
  t.is(await caughtIn(() => new Timeout(5, { error: mine }).start()), mine);

  const made = (await caughtIn(() => new Timeout(5, { error: Mine }).start())) as Mine;
  t.true(made instanceof Mine);
  t.true(isTimeoutError(made.cause));

  const worded = (await caughtIn(() => new Timeout(5, { error: 'text' }).start())) as Error;
  t.true(isTimeoutError(worded));
  t.is(worded.message, 'text');

  let given: unknown;
  const timeout = new Timeout(5, {
    error: (error) => {
      given = error;
      return mine;
    },
  });
  t.is(await caughtIn(() => timeout.start()), mine);
  t.is((given as TimeoutError).scope, timeout);
});

test('`onTimeout` is called when it is raised, once', async (t) => {
  const calls: unknown[] = [];
  const timeout = new Timeout(5, { onTimeout: (error) => calls.push(error) });
  const caught = await caughtIn(() => timeout.start());
  t.deepEqual(calls, [caught]);
});

test('with `error: false` the timeout itself is raised: its identity tells whose it is', async (t) => {
  const timeout = new Timeout(5, { error: false });
  const caught = (await caughtIn(() => timeout.start())) as TimeoutError;
  t.is(caught.scope, timeout);
});

test('with `error: false` a scope swallows its own timeout, and only its own', async (t) => {
  const silent = new Timeout(10, { error: false });
  t.is((await silent.run(forever)) as unknown, undefined);

  const foreign = new Timeout();
  const scope = new Timeout(600_000, { error: false });
  const { error } = await settled(
    scope.run(function* () {
      foreign.start();
      foreign.reschedule(5);
      yield forever();
    }),
  );
  t.is((error as TimeoutError).scope, foreign);
});

test('nested, the one that expires first is raised, and the other is still pending', async (t) => {
  for (const isInnerFirst of [true, false]) {
    const outer = new Timeout(isInnerFirst ? 600_000 : 5);
    const inner = new Timeout(isInnerFirst ? 5 : 600_000);
    const first = isInnerFirst ? inner : outer;
    const other = isInnerFirst ? outer : inner;
    await run(function* () {
      outer.start();
      inner.start();
      try {
        yield forever();
        t.fail('went on');
      } catch (error) {
        t.is((error as TimeoutError).scope, first);
        t.true(other.pending);
        t.false(first.pending);
      }
      other.close();
    }, 600_000);
  }
});

test('both are raised where both expire, one after the other', async (t) => {
  const outer = new Timeout(5);
  const inner = new Timeout(5);
  const seen: unknown[] = [];
  await run(function* () {
    outer.start();
    inner.start();
    for (let i = 0; i < 2; i++) {
      try {
        yield forever();
      } catch (error) {
        seen.push((error as TimeoutError).scope);
      }
    }
  }, 600_000);
  t.deepEqual(seen, [outer, inner]);
});

test('a timeout in a run inside passes out of it with its own error', async (t) => {
  const timeout = new Timeout();
  const inner = new Timeout(600_000);
  const value = await run(function* () {
    try {
      yield inner.run(function* () {
        timeout.start();
        timeout.reschedule(5);
        yield forever();
      });
    } catch (error) {
      return error;
    }
    return undefined;
  }, 600_000);
  t.is((value as TimeoutError).scope, timeout);
  t.is(inner.state, 'interrupted');
});

test('it is raised in the coroutine that started it, while that waits for a run inside', async (t) => {
  const timeout = new Timeout();
  const inner = new Timeout(600_000);
  const order: string[] = [];
  await run(function* () {
    timeout.start();
    timeout.reschedule(5);
    try {
      yield inner.run(function* () {
        try {
          yield forever();
        } finally {
          order.push('finally of the inner one');
        }
      });
    } catch (error) {
      order.push((error as TimeoutError).scope === timeout ? 'thrown' : String(error));
    }
  }, 600_000);
  t.is(order[0], 'thrown');
  inner.cancel();
});

test('`finally` with a timeout of its own, in a shield, after the one around has fired', async (t) => {
  const scope = new Timeout();
  const order: string[] = [];
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, function* () {
      try {
        yield forever();
      } finally {
        yield* scope.shield(function* () {
          const cleanup = new Timeout(10);
          cleanup.start();
          try {
            order.push('cleanup');
            yield forever();
            order.push('never');
          } catch (thrown) {
            order.push((thrown as TimeoutError).scope === cleanup ? 'cut short' : String(thrown));
          } finally {
            cleanup.close();
          }
        });
        order.push('end of finally');
      }
    }),
  );
  t.deepEqual(order, ['cleanup', 'cut short', 'end of finally']);
  t.is(error.scope, scope);
});

test('`finally` with a run of its own, in a shield, after the one around has fired', async (t) => {
  const scope = new Timeout();
  const order: string[] = [];
  const error = await timeoutFrom(
    t,
    runWithin(scope, 5, function* () {
      try {
        yield forever();
      } finally {
        yield* scope.shield(function* () {
          const outcome = (yield settled(run(forever, 10))) as { error: TimeoutError };
          order.push(`cleanup was given ${String(outcome.error.timeout)} ms`);
          order.push((yield run(async () => turn().then(() => 'in time'), 600_000)) as string);
        });
      }
    }),
  );
  t.deepEqual(order, ['cleanup was given 10 ms', 'in time']);
  t.is(error.scope, scope);
});

test('outside of a run it cannot be started', async (t) => {
  t.throws(() => new Timeout(5).start(), { instanceOf: InvalidStateError, message: /outside/ });
  t.throws(() => Timeout.startNew(5), { instanceOf: InvalidStateError });
  const timeout = new Timeout(5);
  t.throws(() => timeout.start(), { instanceOf: InvalidStateError });
  t.is(timeout.state, 'pending');
  await run(async () => turn(), 60_000);
  t.throws(() => timeout.start(), { instanceOf: InvalidStateError });
});

test('in a runSync it cannot be started', async (t) => {
  const timeout = new Timeout(5);
  runSync(() => {
    t.throws(() => timeout.start(), { instanceOf: InvalidStateError, message: /runSync/ });
  }, 60_000);
  await run(async () => {
    runSync(() => {
      t.throws(() => timeout.start(), { instanceOf: InvalidStateError, message: /runSync/ });
    }, 60_000);
    await turn();
    runSync(() => {
      t.throws(() => timeout.start(), { instanceOf: InvalidStateError, message: /runSync/ });
    }, 60_000);
  }, 60_000);
});

test('while work runs under it, it cannot be started', async (t) => {
  const scope = new Timeout(600_000);
  await scope.run(function* () {
    t.throws(() => scope.start(), { instanceOf: InvalidStateError, message: /running/ });
    yield turn();
    t.throws(() => scope.start(), { instanceOf: InvalidStateError });
  });
  scope.runSync(() => {
    t.throws(() => scope.start(), { instanceOf: InvalidStateError });
  });
});

test('while it is started, no work can be run under it', async (t) => {
  await run(function* () {
    const timeout = new Timeout(600_000).start();
    t.throws(() => timeout.runSync(() => 1), { instanceOf: InvalidStateError });
    const { error } = (yield settled(timeout.run(() => 1))) as { error: unknown };
    t.true(error instanceof InvalidStateError);
    t.true(timeout.pending);
    timeout.close();
  }, 600_000);
});

test('after its end it can be run, after a run it can be started', async (t) => {
  const timeout = new Timeout(600_000);
  await run(function* () {
    timeout.start();
    timeout.cancel();
    t.is((yield timeout.run(async () => 1)) as number, 1);
    t.is(
      timeout.runSync(() => 2),
      2,
    );
    timeout.start();
    t.true(timeout.pending);
    timeout.cancel();
  }, 600_000);
});

test('it ends with the run that started it: nothing is raised later, anywhere', async (t) => {
  const timeout = new Timeout(10);
  const outer = await run(function* () {
    const inner = run(function* () {
      timeout.start();
    }, 600_000);
    yield settled(inner);
    t.false(timeout.pending);
    yield new Promise((resolve) => setTimeout(resolve, 30));
    return 'value';
  }, 600_000);
  t.is(outer, 'value');
});

test('started again in another run, it is raised there', async (t) => {
  const timeout = new Timeout(600_000);
  await run(function* () {
    timeout.start();
    yield turn();
  }, 600_000);
  t.is(timeout.state, 'cancelled');
  t.false(timeout.pending);
  const value = await run(function* () {
    timeout.start();
    timeout.reschedule(5);
    try {
      yield forever();
    } catch (error) {
      return error;
    }
    return undefined;
  }, 600_000);
  t.is((value as TimeoutError).scope, timeout);
});

test('it can be moved while it is started: later, earlier, to Infinity and back', async (t) => {
  const timeout = new Timeout(REACHABLE);
  const value = await run(function* () {
    timeout.start();
    timeout.reschedule(Infinity);
    yield past(REACHABLE + 20);
    t.false(timeout.pending);
    timeout.reschedule(600_000);
    t.true(timeout.pending);
    timeout.reschedule(5);
    try {
      yield forever();
    } catch (error) {
      return error;
    }
    return undefined;
  }, 600_000);
  t.is((value as TimeoutError).scope, timeout);
});

test('two started in one coroutine, one cancelled: the other alone is raised', async (t) => {
  const cancelled = new Timeout(5);
  const kept = new Timeout(10);
  const caught = await caughtIn(() => {
    cancelled.start();
    kept.start();
    cancelled.cancel();
  });
  t.is((caught as TimeoutError).scope, kept);
});

test('started in concurrent coroutines, each is raised in its own', async (t) => {
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      run(function* () {
        const timeout = new Timeout(1 + (i % 10)).start();
        try {
          yield forever();
        } catch (error) {
          return (error as TimeoutError).scope === timeout;
        }
        return false;
      }, 600_000),
    ),
  );
  t.true(outcomes.every((isOwn) => isOwn));
});

test('a started timeout is no scope around the code that follows: that is still the run', async (t) => {
  await run(function* (scope) {
    const timeout = new Timeout(600_000).start();
    t.is(currentScope(), scope);
    yield turn();
    t.is(currentScope(), scope);
    timeout.close();
  }, 600_000);
});

test('texts and comparison', (t) => {
  t.is(String(new Timeout(100)), 'Timeout: 100 ms');
  t.is(String(new Timeout(1.5)), 'Timeout: 1.5 ms');
  t.is(String(new Timeout(0)), 'Timeout: 0 ms');
  t.regex(String(new Timeout(100, { name: 'upload' })), /^Timeout: 100 ms .*upload/);
  t.true(Number(new Timeout(0)) < 1);
  t.true(new Timeout(1) < new Timeout(2));
  t.false(new Timeout(2) < new Timeout(1));
});

test('a timeout that was raised, and its error, are not kept', async (t) => {
  const made: WeakRef<object>[] = [];
  const make = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      const timeout = new Timeout(2);
      const caught = await caughtIn(() => timeout.start());
      made.push(new WeakRef(timeout), new WeakRef(caught as object));
      await caughtIn(() => {
        const cancelled = new Timeout(600_000).start();
        cancelled.cancel();
        made.push(new WeakRef(cancelled));
        new Timeout(1).start();
      });
    }
  };
  await make();
  await collectGarbage();
  await collectGarbage();
  t.is(made.filter((reference) => reference.deref() !== undefined).length, 0);
});

test('with `debug: suspend` one that is started while the inspector is open does not strike', async (t) => {
  const child = await runSource(`
    import { open } from 'node:inspector';
    import { run, Timeout } from 'hardstop';
    open(0);
    await run(function* () {
      const suspended = new Timeout(60_000, { debug: 'suspend' }).start();
      const enforced = new Timeout(60_000, { debug: 'enforce' }).start();
      console.log(suspended.pending, suspended.deadline, enforced.pending);
    }, { timeout: 60_000, debug: 'suspend' });
    process.exit(0);`);
  t.is(child.stdout, 'false Infinity true\n', child.stderr);
});

test('a started timeout that is moved to now, or to an instant that has passed, is thrown', async (t) => {
  for (const move of [
    (timeout: Timeout) => {
      timeout.reschedule(0);
    },
    (timeout: Timeout) => {
      timeout.rescheduleAt(performance.now() - 5);
    },
  ]) {
    const thrown = await run(function* () {
      const timeout = Timeout.startNew(3_600_000);
      move(timeout);
      try {
        yield forever();
      } catch (error) {
        return isTimeoutError(error) && error.scope === timeout;
      }
      return undefined;
    }, 60_000);
    t.true(thrown);
  }
});

const ends: readonly [string, (timeout: Timeout) => Generator<unknown, void>][] = [
  [
    'it is thrown',
    function* (timeout) {
      timeout.reschedule(0);
      try {
        yield forever();
      } catch (error) {
        if (!isTimeoutError(error) || error.scope !== timeout) throw error;
      }
    },
  ],
  [
    'it is cancelled',
    function* (timeout) {
      timeout.cancel();
    },
  ],
  [
    'it is closed',
    function* (timeout) {
      timeout.close();
    },
  ],
  ['its run ends', function* () {}],
];
for (const [when, end] of ends) {
  test(`the cleanup of a started timeout runs when ${when}, last in first out, and once`, async (t) => {
    const events: unknown[] = [];
    const timeout = new Timeout(3_600_000);
    await run(function* () {
      timeout.defer(() => events.push('first opened'));
      timeout.start();
      timeout.use({ [Symbol.dispose]: () => events.push('last opened') });
      yield* end(timeout);
    }, 60_000);
    await turn();
    t.deepEqual(events, ['last opened', 'first opened']);
    timeout.cancel();
    timeout.close();
    t.is(events.length, 2);
  });
}

test('what the cleanup of a started timeout throws is not lost: `cancel` and `close` throw it', async (t) => {
  for (const end of ['cancel', 'close'] as const) {
    const error = new Error('cleanup');
    await run(function* () {
      const timeout = Timeout.startNew(3_600_000);
      timeout.defer(() => {
        throw error;
      });
      t.throws(
        () => {
          timeout[end]();
        },
        { is: error },
      );
      t.false(timeout.pending);
      if (end === 'close') t.throws(() => timeout.start(), { instanceOf: InvalidStateError });
      yield;
    }, 60_000);
  }
});

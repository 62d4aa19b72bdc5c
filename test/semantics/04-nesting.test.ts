import test from 'ava';
import { runSync, Timeout, TimeoutError } from 'hardstop';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { runFixture } from '../harness/run-fixture.js';
import { repetitions } from '../harness/repetitions.js';
import { strategies } from '../harness/strategies.js';
import { loopForever, REACHABLE, spin, spinUntil } from '../harness/work.js';

// Every rule holds in any mix of strategies.
for (const outer of strategies()) {
  for (const inner of strategies()) {
    const mix = `[${inner} in ${outer}]`;

    test(`an inner scope that expires first is stopped alone ${mix}`, (t) => {
      const outerScope = new Timeout(10_000, { strategy: outer });
      const innerScope = new Timeout(5, { strategy: inner });
      const after = outerScope.runSync(() => {
        const error = timeoutOf(t, () => innerScope.runSync(loopForever));
        t.is(error.scope, innerScope);
        t.is(error.strategy, inner);
        return 'the outer work went on';
      });
      t.is(after, 'the outer work went on');
      t.deepEqual([innerScope.state, outerScope.state], ['timed_out', 'executed']);
    });

    test(`an outer scope that expires first stops both ${mix}`, (t) => {
      const outerScope = new Timeout(REACHABLE, { strategy: outer });
      const innerScope = new Timeout(10_000, { strategy: inner });
      let reached = false;
      const error = timeoutOf(t, () =>
        outerScope.runSync(() => {
          outcomeOf(() => innerScope.runSync(loopForever));
          reached = true;
        }),
      );
      t.is(error.scope, outerScope);
      t.is(error.strategy, outer);
      t.false(reached);
      t.deepEqual([innerScope.state, outerScope.state], ['interrupted', 'timed_out']);
    });

    test(`of equal deadlines the outermost wins, and nothing between the two ends runs ${mix}`, (t) => {
      for (let i = 0; i < repetitions(20); i++) {
        const deadline = performance.now() + 15;
        const outerScope = new Timeout(undefined, { deadline, strategy: outer });
        const innerScope = new Timeout(undefined, { deadline, strategy: inner });
        let started = false;
        let reached = false;
        const error = timeoutOf(t, () =>
          outerScope.runSync(() => {
            outcomeOf(() =>
              innerScope.runSync(() => {
                started = true;
                loopForever();
              }),
            );
            reached = true;
          }),
        );
        t.is(error.scope, outerScope);
        // On a busy machine the deadline may have passed before: then nothing is started.
        if (!started) continue;
        t.false(reached);
        t.deepEqual([innerScope.state, outerScope.state], ['interrupted', 'timed_out']);
      }
    });

    test(`an outer deadline is not lost when the inner error is caught ${mix}`, (t) => {
      // With node:vm alone the loop behind the catch would never be stopped.
      for (const distance of [0, 0.01, 0.2, 1, 3]) {
        const start = performance.now();
        const outerScope = new Timeout(5 + distance, { strategy: outer });
        const error = timeoutOf(t, () =>
          outerScope.runSync(() => {
            outcomeOf(() => runSync(loopForever, { deadline: start + 5, strategy: inner }));
            loopForever();
          }),
        );
        t.is(error.scope, outerScope);
        t.true(performance.now() - start >= 5 + distance);
        // Lost, it would never end; 10 s are for machines that have other things to do.
        t.true(error.elapsed < 10_000);
      }
    });

    test(`a late inner value does not hide that the outer deadline has passed ${mix}`, (t) => {
      const outerScope = new Timeout(REACHABLE, { strategy: outer, grace: 60_000 });
      let reached = false;
      const error = timeoutOf(t, () =>
        outerScope.runSync(() => {
          runSync(() => spin(REACHABLE + 10), {
            timeout: 50,
            strategy: inner,
            grace: 60_000,
            default: 0,
          });
          reached = true;
        }),
      );
      t.is(error.scope, outerScope);
      t.is(error.stage, 'late');
      // Grace is the time to clean up in.
      t.true(reached);
    });

    test(`a scope cannot outlive the one around it ${mix}`, (t) => {
      const outerScope = new Timeout(60_000, { strategy: outer });
      outerScope.runSync(() => {
        const innerScope = new Timeout(120_000, { strategy: inner });
        innerScope.runSync(() => {
          t.is(innerScope.timeout, 120_000);
          t.is(innerScope.deadline, outerScope.deadline);
          t.true(innerScope.remaining() <= 60_000);
        });
        const unlimited = new Timeout(undefined, { strategy: inner });
        unlimited.runSync(() => {
          t.is(unlimited.deadline, outerScope.deadline);
          t.false(unlimited.expired);
        });
      });
    });

    test(`error.scope tells whose deadline it was, three scopes deep ${mix}`, (t) => {
      const scopes = [4 * REACHABLE, REACHABLE, 60_000].map(
        (timeout, i) => new Timeout(timeout, { strategy: i % 2 === 0 ? outer : inner }),
      ) as [Timeout, Timeout, Timeout];
      const [first, second, third] = scopes;
      const seen: unknown[] = [];
      const outermost = outcomeOf(() =>
        first.runSync(() => {
          const middle = outcomeOf(() =>
            second.runSync(() => {
              seen.push(outcomeOf(() => third.runSync(loopForever)).error);
            }),
          );
          seen.push((middle.error as TimeoutError).scope === second);
          loopForever();
        }),
      );
      t.deepEqual(seen, [true]);
      t.is((outermost.error as TimeoutError).scope, first);
      t.deepEqual(
        scopes.map(({ state }) => state),
        ['timed_out', 'timed_out', 'interrupted'],
      );
    });

    test(`cleanup of all scopes that go down together runs, the inner ones' first ${mix}`, (t) => {
      const order: string[] = [];
      const outerScope = new Timeout(REACHABLE, { strategy: outer });
      timeoutOf(t, () =>
        outerScope.runSync(() => {
          outerScope.defer(() => order.push('outer'));
          const innerScope = new Timeout(10_000, { strategy: inner });
          innerScope.runSync(() => {
            innerScope.defer(() => order.push('inner'));
            loopForever();
          });
        }),
      );
      t.deepEqual(order, ['inner', 'outer']);
    });

    test(`deadlines within microseconds of each other: one owner each time ${mix}`, (t) => {
      const rounds = repetitions(inner === 'native' && outer === 'native' ? 500 : 40);
      for (let i = 0; i < rounds; i++) {
        const start = performance.now();
        const outerDeadline = start + 1;
        const innerDeadline = outerDeadline + (Math.random() - 0.5) * 0.02;
        const outerScope = new Timeout(undefined, { deadline: outerDeadline, strategy: outer });
        const innerScope = new Timeout(undefined, { deadline: innerDeadline, strategy: inner });
        let started = false;
        let between = false;
        const { error } = outcomeOf(() =>
          outerScope.runSync(() => {
            outcomeOf(() =>
              innerScope.runSync(() => {
                started = true;
                loopForever();
              }),
            );
            between = true;
            loopForever();
          }),
        );
        t.true(error instanceof TimeoutError && error.scope === outerScope);
        t.is(outerScope.state, 'timed_out');
        if (between && started) t.is(innerScope.state, 'timed_out');
        t.true(performance.now() >= outerDeadline);
      }
    });
  }

  test(`scopes nest 1,000 deep on the default stack [${outer}]`, async (t) => {
    const child = await runFixture('semantics/nest', { args: [outer, '1000'], timeoutMs: 60_000 });
    t.is(child.code, 0, child.stderr);
    t.deepEqual(JSON.parse(child.stdout), {
      bottom: 'bottom',
      stoppedBy: 'outermost',
      again: 'bottom',
    });
  });

  test(`of 200 scopes with random deadlines the earliest stops the work, and those around go on [${outer}]`, (t) => {
    for (let round = 0; round < 3; round++) {
      const base = performance.now() + 30;
      const deadlines = Array.from({ length: 200 }, () => base + Math.random() * 200);
      const earliest = Math.min(...deadlines);
      const winner = deadlines.indexOf(earliest);
      const scopes = deadlines.map(
        (deadline) => new Timeout(undefined, { deadline, strategy: outer }),
      );
      let caughtAt = -1;
      const nest = (depth: number): void => {
        const scope = scopes[depth];
        if (scope === undefined) loopForever();
        else if (depth === winner) {
          const { error } = outcomeOf(() => scope.runSync(() => nest(depth + 1)));
          // Where a deadline around has passed as well, it may be that one which keeps it from starting.
          if ((error as TimeoutError).scope !== scope) throw error as Error;
          caughtAt = depth;
        } else scope.runSync(() => nest(depth + 1));
      };
      const { error } = outcomeOf(() => nest(0));
      if (error !== undefined) {
        // Another deadline struck while the first one was on its way: it is one of those around, and it has passed.
        t.true(error instanceof TimeoutError);
        const index = scopes.indexOf((error as TimeoutError).scope as Timeout);
        t.true(index <= winner && performance.now() >= (deadlines[index] ?? Infinity));
      } else {
        t.is(caughtAt, winner);
      }
    }
  });

  test(`many limits one after the other inside one limit [${outer}]`, (t) => {
    const scope = new Timeout(60_000, { strategy: outer });
    let stops = 0;
    scope.runSync(() => {
      for (let i = 0; i < repetitions(50); i++) {
        const { threw } = outcomeOf(() => runSync(loopForever, { timeout: 1, strategy: outer }));
        if (threw) stops++;
      }
    });
    t.is(stops, repetitions(50));
    t.is(scope.state, 'executed');
  });

  test(`an expired scope starts no other one: that is its checkpoint [${outer}]`, (t) => {
    const scope = new Timeout(1, { strategy: outer, grace: 60_000 });
    let started = false;
    const error = timeoutOf(t, () =>
      scope.runSync(() => {
        spinUntil(performance.now() + 3);
        runSync(
          () => {
            started = true;
          },
          { timeout: 10_000, strategy: outer },
        );
      }),
    );
    t.false(started);
    t.is(error.scope, scope);
    t.is(error.stage, 'checkpoint');
  });
}

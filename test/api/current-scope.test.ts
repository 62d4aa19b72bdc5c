import vm from 'node:vm';
import test from 'ava';
import { currentScope, runSync, Timeout } from 'hardstop';
import { outcomeOf } from '../harness/outcome.js';
import { testEachStrategy } from '../harness/strategies.js';
import { loopForever, REACHABLE } from '../harness/work.js';

test('outside every scope there is none', (t) => {
  t.is(currentScope(), undefined);
});

testEachStrategy('the current scope is the innermost one that runs', (t, strategy) => {
  const outer = new Timeout(120_000, { strategy });
  const inner = new Timeout(60_000, { strategy });
  outer.runSync(() => {
    t.is(currentScope(), outer);
    inner.runSync(() => {
      t.is(currentScope(), inner);
    });
    t.is(currentScope(), outer);
    outcomeOf(() =>
      inner.runSync(() => {
        throw new Error('work');
      }),
    );
    t.is(currentScope(), outer);
  });
  t.is(currentScope(), undefined);
});

testEachStrategy('after a stop it is the one around', (t, strategy) => {
  const outer = new Timeout(120_000, { strategy });
  outer.runSync(() => {
    outcomeOf(() => runSync(loopForever, { timeout: 5, strategy }));
    t.is(currentScope(), outer);
    outcomeOf(() =>
      runSync(() => runSync(loopForever, { timeout: 60_000, strategy }), { timeout: 5, strategy }),
    );
    t.is(currentScope(), outer);
  });
  t.is(currentScope(), undefined);
});

testEachStrategy('a scope without a limit is one too', (t, strategy) => {
  const scope = new Timeout(undefined, { strategy });
  t.is(
    scope.runSync(() => currentScope()),
    scope,
  );
});

testEachStrategy('in a callback that the work leaves behind there is none', async (t, strategy) => {
  const seen: unknown[] = [];
  await new Promise<void>((resolve) => {
    runSync(
      () => {
        queueMicrotask(() => seen.push(currentScope()));
        process.nextTick(() => seen.push(currentScope()));
        setTimeout(() => {
          seen.push(currentScope());
          resolve();
        }, 1);
      },
      { timeout: 60_000, strategy },
    );
  });
  t.deepEqual(seen, [undefined, undefined, undefined]);
});

testEachStrategy(
  'a scope that somebody else unwound is gone, and its cleanup has run',
  (t, strategy) => {
    const order: string[] = [];
    const scope = new Timeout(60_000, { strategy });
    const inner = new Timeout(50_000, { strategy });
    const work = (): void => {
      scope.runSync(() => {
        scope.defer(() => order.push('outer'));
        inner.runSync(() => {
          inner.defer(() => order.push('inner'));
          loopForever();
        });
      });
    };
    const context = vm.createContext({ work });
    t.throws(() => vm.runInContext('work()', context, { timeout: REACHABLE }), {
      code: 'ERR_SCRIPT_EXECUTION_TIMEOUT',
    });
    t.is(currentScope(), undefined);
    t.deepEqual(order, ['inner', 'outer']);
    t.is(scope.state, 'interrupted');
    t.is(inner.state, 'interrupted');
    t.is(
      scope.runSync(() => currentScope()),
      scope,
    );
  },
);

testEachStrategy('a scope that somebody else unwound limits nothing any more', (t, strategy) => {
  const around = new Timeout(120_000, { strategy });
  around.runSync(() => {
    const work = (): void => runSync(loopForever, { timeout: 150, strategy });
    const context = vm.createContext({ work });
    outcomeOf((): unknown => vm.runInContext('work()', context, { timeout: 60 }));
    const end = performance.now() + 120;
    while (performance.now() < end);
    t.is(
      runSync((scope) => scope.remaining() > 4_000, { timeout: 60_000, strategy }),
      true,
    );
    t.is(currentScope(), around);
  });
  t.is(around.state, 'executed');
});

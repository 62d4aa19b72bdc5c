import test from 'ava';
import {
  capabilities,
  NotTransferableError,
  runSync,
  StrategyUnavailableError,
  TimeoutError,
} from 'hardstop';
import { StrategyUnavailableError as OwnUnavailableError } from '#internal/errors/strategy-unavailable-error.js';
import {
  automaticStrategy,
  refuseLiveChange,
  selectStrategy,
} from '#internal/strategy/select-strategy.js';
import { fallbackTest, nativeTest } from '../harness/native-test.js';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { strategies } from '../harness/strategies.js';
import { loopForever } from '../harness/work.js';

const nativeWorks = strategies().includes('native');

nativeTest('`auto` takes native where the addon loads', (t) => {
  t.is(selectStrategy('auto', false).strategy.name, 'native');
  t.is(selectStrategy('auto', true).strategy.name, 'native');
  t.is(automaticStrategy.name, 'native');
  t.is(timeoutOf(t, () => runSync(loopForever, 5)).strategy, 'native');
});

fallbackTest('`auto` takes vm where the addon does not load, and says why', (t) => {
  const { strategy, reason } = selectStrategy('auto', false);
  t.is(strategy.name, 'vm');
  t.regex(reason, /HARDSTOP_DISABLE_NATIVE=1/);
  t.is(timeoutOf(t, () => runSync(loopForever, 5)).strategy, 'vm');
});

fallbackTest('native by name is refused with the reason as cause, and nothing is started', (t) => {
  let started = false;
  const { error } = outcomeOf(() =>
    runSync(
      () => {
        started = true;
      },
      { timeout: 5, strategy: 'native' },
    ),
  );
  t.true(error instanceof StrategyUnavailableError);
  t.false(started);
  const { strategy, cause, message } = error as StrategyUnavailableError;
  t.is(strategy, 'native');
  t.regex(String(cause), /HARDSTOP_DISABLE_NATIVE=1/);
  t.true(message.includes((cause as Error).message));
});

fallbackTest('a CPU limit is not dropped silently where nothing can keep it', (t) => {
  const { error } = outcomeOf(() => runSync(() => 1, { cpuTimeout: 5 }));
  t.true(error instanceof StrategyUnavailableError);
  t.regex(String(error), /cpuTimeout/);
});

test('every choice has a reason', (t) => {
  for (const name of ['auto', 'vm', ...(nativeWorks ? (['native'] as const) : [])] as const) {
    t.true(selectStrategy(name, false).reason.length > 0);
  }
});

test('vm by name does not take a CPU limit', (t) => {
  const { error } = outcomeOf(() => runSync(() => 1, { cpuTimeout: 5, strategy: 'vm' }));
  t.true(error instanceof StrategyUnavailableError);
  t.is((error as StrategyUnavailableError).strategy, 'vm');
  t.regex(String(error), /cpuTimeout/);
});

test('worker by name runs a self-contained function in a worker', (t) => {
  t.is(
    runSync(() => 6 * 7, { timeout: 30_000, strategy: 'worker' }),
    42,
  );
  const { error } = outcomeOf(() =>
    runSync(
      () => {
        for (;;);
      },
      { timeout: 20, strategy: 'worker' },
    ),
  );
  t.true(error instanceof TimeoutError);
  t.is((error as TimeoutError).strategy, 'worker');
});

test('worker by name does not take what cannot be sent there', (t) => {
  let calls = 0;
  const { error } = outcomeOf(() =>
    runSync(() => ++calls, { timeout: 30_000, strategy: 'worker' }),
  );
  t.true(error instanceof NotTransferableError || error instanceof ReferenceError, String(error));
  t.is(calls, 0);
});

test('process by name runs a self-contained function in a process', (t) => {
  t.not(
    runSync(() => process.pid, { timeout: 60_000, strategy: 'process' }),
    process.pid,
  );
});

test('process by name does not take what cannot be sent there', (t) => {
  let calls = 0;
  const { error } = outcomeOf(() =>
    runSync(() => ++calls, { timeout: 60_000, strategy: 'process' }),
  );
  t.true(error instanceof NotTransferableError || error instanceof ReferenceError, String(error));
  t.is(calls, 0);
});

test('a strategy that cannot change a running deadline refuses to', (t) => {
  t.notThrows(() => {
    refuseLiveChange(undefined, 'drop a running deadline');
    refuseLiveChange({ name: 'native' }, 'drop a running deadline');
  });
  for (const name of ['vm', 'worker'] as const) {
    const error = t.throws(
      () => {
        refuseLiveChange({ name }, 'drop a running deadline');
      },
      { instanceOf: OwnUnavailableError },
    );
    t.regex(error.message, /cannot drop a running deadline; the native strategy can/);
    t.is(error.cause === undefined, nativeWorks);
  }
});

test('the choice is the one that capabilities() tells', (t) => {
  t.is(capabilities().automatic, selectStrategy('auto', false).strategy.name);
});

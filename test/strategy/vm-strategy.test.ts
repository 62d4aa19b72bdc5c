import test from 'ava';
import { STOPPED } from '#internal/strategy/strategy.js';
import { vmStrategy } from '#internal/strategy/vm-strategy.js';
import { repetitions } from '../harness/repetitions.js';

const now = performance.now.bind(performance);

function runVm(work: (argument: never) => unknown, timeout: number, argument?: unknown): unknown {
  const deadline = now() + timeout;
  return vmStrategy.run(work, argument, deadline, deadline, Infinity, Infinity);
}

function spin(): never {
  for (;;);
}

test('a loop is stopped, never early', (t) => {
  for (let round = 0; round < repetitions(200); round += 1) {
    const deadline = now() + 1 + Math.random() * 3;
    const outcome = vmStrategy.run(spin, undefined, deadline, deadline, Infinity, Infinity);
    t.is(outcome, STOPPED);
    const stop = vmStrategy.lastStop();
    t.is(stop.stage, 'terminate');
    t.true(stop.stopped);
    t.true(stop.endedAt >= deadline, `${String(deadline - stop.endedAt)} ms early`);
  }
});

test('values pass unchanged, and so does the argument', (t) => {
  const values = [
    undefined,
    null,
    Number.NaN,
    -0,
    '',
    Symbol('x'),
    1n,
    {},
    Promise.resolve(1),
    spin,
  ];
  for (const value of values)
    t.true(
      Object.is(
        runVm(() => value, 60_000),
        value,
      ),
    );
  t.is(
    runVm((argument) => argument, 60_000, 'argument'),
    'argument',
  );
});

test('the work is called without a receiver', (t) => {
  t.is(
    runVm(function (this: unknown) {
      return this;
    }, 60_000),
    undefined,
  );
});

test('errors of the work pass unchanged, also one that looks like that of node:vm', (t) => {
  const own = Object.assign(new Error('own'), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' });
  const { stack } = own;
  for (const error of [own, undefined, null, 'text', Object.freeze(new TypeError('frozen'))]) {
    try {
      runVm(() => {
        throw error;
      }, 60_000);
      t.fail();
    } catch (caught) {
      t.is(caught, error);
    }
  }
  t.is(own.stack, stack);
});

test('an error that the work throws after its deadline is not masked', (t) => {
  const error = new Error('own');
  const deadline = now() + 2;
  const work = (): never => {
    while (now() < deadline);
    throw error;
  };
  const run = (): unknown =>
    vmStrategy.run(work, undefined, deadline, deadline + 60_000, Infinity, Infinity);
  t.throws(run, { is: error });
});

test('work that comes back late is a timeout by the clock', (t) => {
  const deadline = now() + 1.5;
  const work = (): string => {
    while (now() < deadline);
    return 'late';
  };
  t.is(vmStrategy.run(work, undefined, deadline, deadline + 60_000, Infinity, Infinity), STOPPED);
  t.is(vmStrategy.lastStop().stage, 'late');
  t.true(vmStrategy.lastStop().stopped);
});

test('of calls that end around their deadline each has the outcome that the clock says', (t) => {
  let returned = 0;
  let stopped = 0;
  for (let round = 0; round < repetitions(2_000); round += 1) {
    const deadline = now() + 1;
    // Each second time so far from it that both sides are seen wherever a call takes longer.
    const end = deadline + (Math.random() - 0.5) * (round % 2 === 0 ? 0.04 : 1.6);
    const work = (): number => {
      while (now() < end);
      return now();
    };
    const outcome = vmStrategy.run(work, undefined, deadline, deadline, Infinity, Infinity);
    if (outcome === STOPPED) {
      stopped += 1;
      t.true(vmStrategy.lastStop().endedAt >= deadline);
    } else {
      returned += 1;
      t.true((outcome as number) < deadline);
    }
  }
  t.true(returned > 0 && stopped > 0);
  const calm = now() + 50;
  while (now() < calm);
  t.pass('nothing was interrupted afterwards');
});

test('limits beyond those of node:vm are honoured', (t) => {
  for (const timeout of [2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, Infinity]) {
    t.is(
      runVm(() => 'done', timeout),
      'done',
    );
  }
});

test('no property is added to the global object', (t) => {
  const before = Reflect.ownKeys(globalThis);
  let during: PropertyKey[] = [];
  runVm(() => {
    during = Reflect.ownKeys(globalThis);
  }, 60_000);
  t.deepEqual(during, before);
  t.deepEqual(Reflect.ownKeys(globalThis), before);
});

test('a stack that is too deep to start the work is the RangeError that it is elsewhere', (t) => {
  const dig = (): unknown => {
    try {
      return dig();
    } catch {
      return runVm(() => 'started', 60_000);
    }
  };
  try {
    t.is(dig(), 'started');
  } catch (error) {
    t.true(error instanceof RangeError);
  }
});

import test from 'ava';
import { InvalidOptionError, isTimeoutError, TimeoutError } from 'hardstop';
import * as limited from 'hardstop/regex';
import { assertNeverEarly } from '../harness/never-early.js';
import { testEachStrategy } from '../harness/strategies.js';
import { operations } from './operations.js';
import { REACHABLE } from '../harness/work.js';

const TIMEOUT = 30;
const attack = `${'a'.repeat(64)}!`;

function catastrophic(flags: string, lastIndex = 0): RegExp {
  const regex = /(?:a+)+$/;
  const made = new RegExp(regex.source, flags);
  made.lastIndex = lastIndex;
  return made;
}

for (const operation of operations) {
  testEachStrategy(`${operation.name} is stopped in a catastrophic expression`, (t, strategy) => {
    const given = { regex: catastrophic('g'), input: attack, replacement: '', limit: undefined };
    const error = assertNeverEarly(t, TIMEOUT, () =>
      operation.limited(given, { timeout: TIMEOUT, strategy }),
    );
    t.true(error instanceof TimeoutError);
    t.is((error as TimeoutError).strategy, strategy);
    t.true((error as TimeoutError).stopped);
  });

  testEachStrategy(
    `${operation.name} leaves lastIndex as it was when it timed out`,
    (t, strategy) => {
      for (const flags of ['', 'g', 'gy']) {
        const given = {
          regex: catastrophic(flags, 3),
          input: attack,
          replacement: '',
          limit: undefined,
        };
        if (flags === '' && operation.name.endsWith('All')) continue;
        t.throws(() => operation.limited(given, { timeout: 5, strategy }), {
          instanceOf: TimeoutError,
        });
        t.is(given.regex.lastIndex, 3, flags);
      }
    },
  );

  test(`${operation.name} is not started with a timeout of 0`, (t) => {
    const given = { regex: /a/g, input: 'a', replacement: '', limit: undefined };
    const error = t.throws(() => operation.limited(given, { timeout: 0 }));
    t.like(error, { code: 'ERR_HARDSTOP_TIMEOUT', stage: 'refused' });
  });

  test(`${operation.name} refuses what is no regular expression`, (t) => {
    const impostors: readonly unknown[] = ['a', undefined, null, { test: () => true }, 5];
    for (const impostor of impostors) {
      const given = { regex: impostor as RegExp, input: 'a', replacement: '', limit: undefined };
      const error = t.throws(() => operation.limited(given, { timeout: 5 }), {
        instanceOf: TypeError,
      });
      t.true(error instanceof InvalidOptionError);
      t.like(error, { option: 'regex', code: 'ERR_HARDSTOP_INVALID_OPTION' });
    }
  });

  test(`${operation.name} returns the default, when there is one, instead of throwing`, (t) => {
    const given = { regex: catastrophic('g'), input: attack, replacement: '', limit: undefined };
    const fallback = ['fallback'];
    const reported: TimeoutError[] = [];
    const onTimeout = (error: TimeoutError): void => {
      reported.push(error);
    };
    const options = { timeout: 5, default: fallback, onTimeout };
    const value = operation.limited(given, options);
    t.deepEqual(operation.name === 'matchAll' ? [...(value as string[])] : value, fallback);
    t.is(reported.length, 1);
    t.is(given.regex.lastIndex, 0);
  });
}

testEachStrategy(
  'one deadline covers a replacement function, all its calls together',
  (t, strategy) => {
    const busy = (ms: number): string => {
      for (const end = performance.now() + ms; performance.now() < end;);
      return '';
    };
    const input = 'a'.repeat(1_000);
    let calls = 0;
    const replacer = (): string => {
      calls++;
      return busy(4);
    };
    const error = assertNeverEarly(t, REACHABLE, () =>
      limited.replace(/a/g, input, replacer, { timeout: REACHABLE, strategy }),
    );
    t.true(isTimeoutError(error));
    t.true(calls > 0 && calls < 1_000);
  },
);

testEachStrategy(
  'one deadline covers all matches of matchAll, before it returns',
  (t, strategy) => {
    // Each match takes some ms, and none takes as long as the limit.
    const slowMatch = /(?:a+)+b|c/g;
    const input = `${'a'.repeat(14)}c`.repeat(5_000);
    const error = assertNeverEarly(t, TIMEOUT, () =>
      limited.matchAll(slowMatch, input, { timeout: TIMEOUT, strategy }),
    );
    t.true(isTimeoutError(error));
  },
);

test('a number is the limit in ms', (t) => {
  t.true(limited.test(/a/, 'a', 60_000));
  t.deepEqual(limited.split(/,/, 'a,b', 60_000), ['a', 'b']);
  t.throws(() => limited.test(catastrophic(''), attack, 5), { instanceOf: TimeoutError });
  t.throws(() => limited.test(/a/, 'a', -1), { instanceOf: RangeError });
});

test('a frozen expression does not hide the timeout', (t) => {
  const frozen = Object.freeze(catastrophic(''));
  t.throws(() => limited.test(frozen, attack, 5), { instanceOf: TimeoutError });
});

test('what the timeout was stuck in can be read', (t) => {
  const error = t.throws(() => limited.test(catastrophic(''), attack, REACHABLE), {
    instanceOf: TimeoutError,
  });
  if (error.stage !== 'interrupt') {
    t.pass();
    return;
  }
  t.regex((error.cause as Error).stack ?? '', /RegExp\.test[\s\S]*deadline\.test/);
});

test('a signal that has aborted keeps the operation from starting', (t) => {
  const reason = new Error('gone');
  const error = t.throws(() =>
    limited.test(/a/, 'a', { timeout: 50, signal: AbortSignal.abort(reason) }),
  );
  t.is(error, reason);
});

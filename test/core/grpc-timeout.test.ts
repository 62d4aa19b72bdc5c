import test from 'ava';
import { formatGrpcTimeout, parseGrpcTimeout } from '#internal/core/grpc-timeout.js';
import { repetitions } from '../harness/repetitions.js';
import { makeRandom } from '../regex/random-recipe.js';

const UNIT_MS = new Map([
  ['n', 1e-6],
  ['u', 1e-3],
  ['m', 1],
  ['S', 1e3],
  ['M', 60e3],
  ['H', 3_600e3],
]);

test('a timeout is written in the finest unit that takes it', (t) => {
  for (const [ms, text] of [
    [0.000_001, '1n'],
    [0.25, '250000n'],
    [1, '1000000n'],
    [1.1, '1100000n'],
    [99.999_999, '99999999n'],
    [100, '100000u'],
    [99_999.999, '99999999u'],
    [100_000, '100000m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [99_999_999_000, '99999999S'],
    [100_000_000_000, '1666667M'],
    [99_999_999 * 60e3, '99999999M'],
    [6_000_000_000_000, '1666667H'],
    [99_999_999 * 3_600e3, '99999999H'],
  ] as const) {
    t.is(formatGrpcTimeout(ms), text, String(ms));
  }
});

test('it is rounded up', (t) => {
  for (const [ms, text] of [
    [0.000_000_1, '1n'],
    [Number.MIN_VALUE, '1n'],
    [0.000_001_000_1, '2n'],
    [99.999_999_1, '100000u'],
    [100.000_1, '100001u'],
    [99_999.999_1, '100000m'],
    [99_999_999.5, '100000S'],
  ] as const) {
    t.is(formatGrpcTimeout(ms), text, String(ms));
  }
});

test('what has expired is written as the shortest timeout that there is: zero is not positive', (t) => {
  t.is(formatGrpcTimeout(0), '1n');
});

test('what is longer than the longest is written as that', (t) => {
  for (const ms of [99_999_999 * 3_600e3 + 1, 1e300, Number.MAX_VALUE, Infinity]) {
    t.is(formatGrpcTimeout(ms), '99999999H');
  }
});

test('each unit is read', (t) => {
  for (const [text, ms] of [
    ['0n', 0],
    ['00000000H', 0],
    ['1n', 1e-6],
    ['00000001n', 1e-6],
    ['250u', 0.25],
    ['7m', 7],
    ['10S', 10_000],
    ['3M', 180_000],
    ['2H', 7_200_000],
    ['99999999H', 99_999_999 * 3_600e3],
  ] as const) {
    t.is(parseGrpcTimeout(text), ms, text);
  }
});

test('what is not of the form is refused', (t) => {
  for (const text of [
    '',
    'S',
    '1',
    '123456789n',
    '-1S',
    '+1S',
    '1.5S',
    '1e3m',
    '0x1S',
    '1 S',
    ' 1S',
    '1S ',
    '1S\n',
    '1s',
    '1h',
    '1N',
    '1ms',
    '1SS',
    '1S, 2S',
    '1S,1S',
    '١S',
    '１S',
    'Infinity',
    'InfinityS',
    'NaNm',
    '1d',
  ]) {
    t.is(parseGrpcTimeout(text), undefined, JSON.stringify(text));
  }
});

test('there and back a timeout gets no shorter, and less than one unit longer', (t) => {
  const seed = 8_290;
  const next = makeRandom(seed);
  const longest = 99_999_999 * 3_600e3;
  for (let i = 0; i < repetitions(200_000); i++) {
    // All magnitudes from a tenth of a nanosecond on; half of them on the edge of what a float can tell.
    let ms = Math.min(longest, 10 ** (-7 + next() * 21));
    if (next() < 0.5) ms = Math.round(ms * 1e3) / 1e3;
    if (next() < 0.3) ms *= 1 + Number.EPSILON;
    if (ms > longest) continue;
    const text = formatGrpcTimeout(ms);
    const back = parseGrpcTimeout(text) ?? NaN;
    const unit = UNIT_MS.get(text.slice(-1)) ?? NaN;
    // Where a unit is finer than a float can tell, the difference rounds to the whole unit.
    const isRight =
      back >= ms && (back - ms <= unit || ms === 0) && /^[1-9]\d{0,7}[HMSmun]$/.test(text);
    if (!isRight) t.fail(`${String(ms)} -> ${text} -> ${String(back)}, seed ${String(seed)}`);
  }
  t.pass();
});

test('what was read is written so that it reads the same', (t) => {
  const next = makeRandom(4_096);
  for (let i = 0; i < repetitions(20_000); i++) {
    const unit = 'numSMH'[Math.trunc(next() * 6)] as string;
    const text = `${String(1 + Math.trunc(next() * 99_999_999))}${unit}`;
    const ms = parseGrpcTimeout(text);
    const back = parseGrpcTimeout(formatGrpcTimeout(ms as number));
    if (back !== ms) t.fail(`${text}: ${String(ms)} became ${String(back)}`);
  }
  t.pass();
});

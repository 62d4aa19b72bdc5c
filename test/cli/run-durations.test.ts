import { spawnSync } from 'node:child_process';
import test from 'ava';
import { parseDuration } from '#internal/cli/run/duration.js';
import { coreutils } from './beside-coreutils.js';

const besideTest = coreutils === undefined ? test.serial.skip : test.serial;

const MS = {
  '0': 0,
  '1': 1000,
  '1s': 1000,
  '2.5': 2500,
  '.5s': 500,
  '5.': 5000,
  '1m': 60_000,
  '1.5m': 90_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
  '1e3': 1_000_000,
  '1e-3': 1,
  '1E+1s': 10_000,
  '+1': 1000,
  ' 1': 1000,
  '0x10': 16_000,
  '0x1d': 29_000,
  '0x1p-3': 125,
  '0x.8s': 500,
  '0X1.8P1m': 180_000,
  '2.34e+5d': 2.34e5 * 86_400_000,
};

for (const [text, ms] of Object.entries(MS)) {
  test(`'${text}' is ${String(ms)} ms`, (t) => {
    t.is(parseDuration(text), ms);
  });
}

test('what is too large is without end', (t) => {
  for (const text of ['inf', 'INFINITY', 'infd', '1e400', '1e308d', '0x1p99999']) {
    t.is(parseDuration(text), Infinity, text);
  }
});

test('what is too small is not zero, which would be no limit', (t) => {
  for (const text of ['1e-400', '1e-5000d', '0x1p-99999', '0.0000000001e-400']) {
    const ms = parseDuration(text) ?? 0;
    t.true(ms > 0 && ms < 1e-300, text);
  }
  t.is(parseDuration('0e5'), 0);
  t.is(parseDuration('0x0p9'), 0);
});

test('no duration', (t) => {
  const texts = [
    '',
    ' ',
    's',
    '1 ',
    '1 s',
    '1S',
    '1ss',
    '1ms',
    '-1',
    ' -1e-5000',
    'nan',
    'e1',
    '1e',
    '1e+',
  ];
  for (const text of [
    ...texts,
    '0x',
    '0xg',
    '.',
    '+',
    '1,5',
    '1_000',
    'in',
    'infi',
    '0x1p',
    '--1',
    '1\n',
  ]) {
    t.is(parseDuration(text), undefined, text);
  }
});

const numbers = [
  '0',
  '007',
  '1.5',
  '.5',
  '5.',
  '.',
  '1e1',
  '1e',
  '1e+',
  '0x1f',
  '0x',
  '0x.',
  '0x.8',
  '0x1p2',
];
const others = [
  '0x1p',
  '0xp1',
  'inf',
  'infinity',
  'Infinit',
  'nan',
  '1..2',
  '1e1.5',
  '1e9999',
  'e',
  '0b1',
];
const tails = ['', 's', 'd', 'x', 'ss', ' ', 'D'];

// In parts: each combination is a process.
for (const head of ['', '+', '-', ' ', '\t-']) {
  besideTest(`durations are what coreutils takes for them, after ${JSON.stringify(head)}`, (t) => {
    for (const number of [...numbers, ...others]) {
      for (const tail of tails) {
        const text = head + number + tail;
        // Both limits are far away: `0.5` could strike a command on a busy machine.
        const { status } = spawnSync('timeout', ['-k', text, '--', '60', 'true']);
        t.is(parseDuration(text) === undefined ? 125 : 0, status ?? -1, JSON.stringify(text));
      }
    }
  });
}

import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import test from 'ava';
import { parseSignal, signalName } from '#internal/cli/run/signal-names.js';
import { coreutils } from './beside-coreutils.js';

const besideTest = coreutils === undefined ? test.skip : test;

test('a signal is given by its name, with or without SIG, in any case, or by its number', (t) => {
  for (const text of ['TERM', 'SIGTERM', 'sigterm', 'Term', '15', '015', '143']) {
    t.is(parseSignal(text), constants.signals.SIGTERM, text);
  }
  t.is(parseSignal('0'), 0);
  t.is(parseSignal('EXIT'), 0);
});

test('no signal', (t) => {
  for (const text of [
    '',
    ' ',
    'NONE',
    'SIG',
    'SIGSIGTERM',
    '-1',
    '1.5',
    '15x',
    'RTMIN-1',
    'RTMAX+1',
    'TERM ',
  ]) {
    t.is(parseSignal(text), undefined, text);
  }
});

besideTest('signals are what coreutils takes for them, and are called the same', (t) => {
  const names = Object.keys(constants.signals).map((name) => name.slice(3));
  const realTime = [
    'RTMIN',
    'RTMIN+1',
    'RTMIN+15',
    'RTMIN+16',
    'RTMIN+30',
    'RTMIN+31',
    'RTMAX',
    'RTMAX-14',
    'RTMAX-15',
  ];
  // 32 and 33 have no names, which coreutils refuses until 9.5.
  const numbers = Array.from({ length: 70 }, (_, number) => String(number)).filter(
    (text) => text !== '32' && text !== '33',
  );
  for (const text of [
    ...names,
    ...realTime,
    ...numbers,
    'CLD',
    'IO',
    'iot',
    '129',
    '137',
    '255',
    '256',
    '265',
    '1e1',
  ]) {
    // Stopped by it, it would not go on.
    const isHarmless = !/^(?:STOP|TSTP|TTIN|TTOU|19|20|21|22)$/.test(text);
    const number = parseSignal(text);
    const { stderr, status } = spawnSync('timeout', ['-s', text, '60', 'true'], {
      encoding: 'utf8',
    });
    t.is(number === undefined ? 125 : 0, status ?? -1, `${text}: ${stderr}`);
    // The name in its message; 0 is called EXIT there until coreutils 9.8.
    if (number === undefined || number === 0 || !isHarmless) continue;
    const args = ['-v', '--foreground', '-s', text, '-k', '.001', '.001', 'sleep', '60'];
    const said = spawnSync('timeout', args, {
      encoding: 'utf8',
      env: { LC_ALL: 'C', PATH: process.env['PATH'] },
    });
    const [, name] = /sending signal (\S+) to command/.exec(said.stderr) ?? [];
    t.is(signalName(number), name ?? '', text);
  }
});

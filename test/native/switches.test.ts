import { existsSync } from 'node:fs';
import test from 'ava';
import type { Capabilities } from 'hardstop';
import { nativeTest } from '../harness/native-test.js';
import { runSource } from '../harness/run-fixture.js';

interface Report extends Capabilities {
  /** What became of an endless loop, and of a fast one. */
  readonly loop: { readonly name: string; readonly strategy: string };
  readonly value: number;
  readonly native: string;
}

async function reportUnder(env: Record<string, string>): Promise<Report> {
  const child = await runSource(
    `import { capabilities, runSync } from 'hardstop';
     const outcome = (work, options) => { try { return runSync(work, options); } catch (error) { return error; } };
     const { name, strategy } = outcome(() => { for (;;); }, 20);
     console.log(JSON.stringify({ ...capabilities(), loop: { name, strategy }, value: outcome(() => 1, 60_000),
       native: outcome(() => 'runs', { timeout: 60_000, strategy: 'native' }).code ?? 'runs' }));`,
    { env },
  );
  if (child.code !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout) as Report;
}

const NO_SWITCHES = {
  HARDSTOP_DISABLE_NATIVE: '',
  HARDSTOP_SPIN: '',
  HARDSTOP_UNBLIND: '',
  HARDSTOP_SIGNAL: '',
};

nativeTest('without switches everything is at work, and capabilities() says so', async (t) => {
  const report = await reportUnder(NO_SWITCHES);
  t.is(report.automatic, 'native');
  t.like(report.loop, { name: 'TimeoutError', strategy: 'native' });
  t.true(report.strategies.native.available);
  t.true(report.strategies.vm.available);
  t.true(existsSync(report.addon?.path ?? ''));
  t.regex(report.addon?.version ?? '', /^\d+\.\d+\.\d+/);
  if (process.platform === 'linux') t.true(report.signalNumber > 0);
});

test('HARDSTOP_DISABLE_NATIVE=1 switches the addon off', async (t) => {
  const report = await reportUnder({ ...NO_SWITCHES, HARDSTOP_DISABLE_NATIVE: '1' });
  t.is(report.automatic, 'vm');
  t.false(report.strategies.native.available);
  t.regex(report.strategies.native.reason, /HARDSTOP_DISABLE_NATIVE=1/);
  t.is(report.addon, undefined);
  t.is(report.signalNumber, 0);
  t.false(report.spins);
  t.like(report.loop, { name: 'TimeoutError', strategy: 'vm' });
  t.is(report.native, 'ERR_HARDSTOP_STRATEGY_UNAVAILABLE');
});

nativeTest('HARDSTOP_DISABLE_NATIVE takes no other value than 1', async (t) => {
  t.is((await reportUnder({ ...NO_SWITCHES, HARDSTOP_DISABLE_NATIVE: '0' })).automatic, 'native');
});

nativeTest(
  'HARDSTOP_SPIN=0 switches spinning off, and deadlines are kept all the same',
  async (t) => {
    const report = await reportUnder({ ...NO_SWITCHES, HARDSTOP_SPIN: '0' });
    t.false(report.spins);
    t.like(report.loop, { name: 'TimeoutError', strategy: 'native' });
    t.is(report.value, 1);
  },
);

nativeTest(
  'HARDSTOP_UNBLIND=0 switches the cure of blind loops off, and nothing else',
  async (t) => {
    const report = await reportUnder({ ...NO_SWITCHES, HARDSTOP_UNBLIND: '0' });
    t.not(report.prompt.by, 'cure');
    t.regex(report.prompt.reason, /HARDSTOP_UNBLIND=0/);
    t.like(report.loop, { name: 'TimeoutError', strategy: 'native' });
  },
);

nativeTest('HARDSTOP_SIGNAL=0 switches the signal off, and the cure with it', async (t) => {
  const report = await reportUnder({ ...NO_SWITCHES, HARDSTOP_SIGNAL: '0' });
  t.is(report.signalNumber, 0);
  t.not(report.prompt.by, 'cure');
  t.regex(report.prompt.reason, /HARDSTOP_SIGNAL=0/);
  t.like(report.loop, { name: 'TimeoutError', strategy: 'native' });
});

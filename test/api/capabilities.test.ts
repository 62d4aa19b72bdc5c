import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { capabilities, runSync, type StrategyOption } from 'hardstop';
import { fallbackTest, nativeTest } from '../harness/native-test.js';
import { outcomeOf } from '../harness/outcome.js';
import { packageRoot } from '../harness/package-root.js';

test('every strategy is told, with a reason', (t) => {
  const { strategies } = capabilities();
  t.deepEqual(Object.keys(strategies).sort(), ['cooperative', 'native', 'process', 'vm', 'worker']);
  for (const { available, reason } of Object.values(strategies)) {
    t.is(typeof available, 'boolean');
    t.true(reason.length > 0);
  }
  t.true(strategies.vm.available);
});

test('what it says of in-thread strategies is what runSync does', (t) => {
  const { strategies } = capabilities();
  for (const strategy of ['native', 'vm'] as const satisfies readonly StrategyOption[]) {
    const outcome = outcomeOf(() => runSync(() => 'value', { timeout: 10_000, strategy }));
    t.is(outcome.value === 'value', strategies[strategy].available);
  }
});

nativeTest('the addon is told by path and version', (t) => {
  const { addon, automatic, resolution } = capabilities();
  t.is(automatic, 'native');
  t.true(existsSync(addon?.path ?? ''));
  const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  t.is(addon?.version, manifest.version);
  t.true(resolution.timerMs < 0.001);
});

fallbackTest('without the addon it says why, and what is taken instead', (t) => {
  const { addon, automatic, strategies, resolution, prompt } = capabilities();
  t.is(addon, undefined);
  t.is(automatic, 'vm');
  t.false(strategies.native.available);
  t.regex(strategies.native.reason, /HARDSTOP_DISABLE_NATIVE=1/);
  t.is(resolution.timerMs, 1);
  t.not(prompt.by, 'cure');
});

test('whether hard stops are prompt is told, with what makes them so', (t) => {
  const { prompt } = capabilities();
  t.true(['cure', 'flag', 'engine', 'nothing'].includes(prompt.by));
  t.is(prompt.prompt, prompt.by !== 'nothing');
  t.true(prompt.reason.length > 0);
});

test('the step of the clock is a real one', (t) => {
  const { clockMs, timerMs } = capabilities().resolution;
  t.true(clockMs > 0 && clockMs <= 1);
  t.true(timerMs > 0 && timerMs <= 1);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { runSync, Timeout } from 'hardstop';
import { nativeTest, nativeTestOn } from '../harness/native-test.js';
import { timeoutOf } from '../harness/outcome.js';
import { packageRoot } from '../harness/package-root.js';
import { runFixture, runSource } from '../harness/run-fixture.js';
import { loopForever, REACHABLE } from '../harness/work.js';

nativeTest(
  'the cause of a timeout shows the function, the file and the line that was running',
  (t) => {
    function stuckHere(): never {
      for (;;);
    }
    const { cause } = timeoutOf(t, () => runSync(stuckHere, REACHABLE));
    t.true(cause instanceof Error);
    const { stack, message } = cause as Error;
    t.is(message, 'The work was here when its deadline struck');
    const [, top] = (stack ?? '').split('\n');
    t.regex(top ?? '', /at stuckHere \(.*13-where-it-was-stuck\.test\.[jt]s:\d+:\d+\)/);
  },
);

nativeTest('the whole way to there is shown', (t) => {
  const inner = (): never => loopForever();
  function middle(): never {
    return inner();
  }
  const { cause } = timeoutOf(t, () => runSync(() => middle(), REACHABLE));
  const names = ((cause as Error).stack ?? '')
    .split('\n')
    .map((line) => /at (\w+)/.exec(line)?.[1])
    .filter((name) => ['loopForever', 'inner', 'middle'].includes(name ?? ''));
  t.deepEqual(names, ['loopForever', 'inner', 'middle']);
});

nativeTest('the cause of an outer timeout shows the inner work', (t) => {
  function deepInside(): never {
    for (;;);
  }
  const outer = new Timeout(REACHABLE);
  const error = timeoutOf(t, () => outer.runSync(() => runSync(deepInside, 60_000)));
  t.is(error.scope, outer);
  t.regex((error.cause as Error).stack ?? '', /deepInside/);
});

nativeTest('it is shown under `error: "text"`, and to onTimeout, too', (t) => {
  function stuckHere(): never {
    for (;;);
  }
  let seen: unknown;
  runSync(stuckHere, {
    timeout: REACHABLE,
    error: false,
    onTimeout(error) {
      seen = error.cause;
    },
  });
  t.regex((seen as Error).stack ?? '', /stuckHere/);
  const error = timeoutOf(t, () => runSync(stuckHere, { timeout: REACHABLE, error: 'too slow' }));
  t.regex((error.cause as Error).stack ?? '', /stuckHere/);
});

nativeTest('a regular expression is shown by the line that called it', (t) => {
  function matchBadly(): boolean {
    return /^(a+)+$/.test(`${'a'.repeat(60)}b`);
  }
  const { cause } = timeoutOf(t, () => runSync(matchBadly, REACHABLE));
  t.regex((cause as Error).stack ?? '', /matchBadly/);
});

nativeTest('a wait is shown by the line that waits', (t) => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  function waitForNobody(): unknown {
    return Atomics.wait(cell, 0, 0);
  }
  const { cause } = timeoutOf(t, () => runSync(waitForNobody, REACHABLE));
  t.regex((cause as Error).stack ?? '', /waitForNobody/);
});

const STAND_STILL = `
  import { spawnSync } from 'node:child_process';
  import { runSync } from 'hardstop';
  // Hears of nothing until it returns, burns no time, and has its process stopped shortly after the deadline.
  const script = 'sleep .1; kill -STOP $0; sleep .3; kill -CONT $0; sleep .005';
  const sleepThrough = () => {
    for (;;) spawnSync('sh', ['-c', script, process.pid]);
  };
  let stage;
  // On a crowded machine it may have been stopped, or have come back, too late.
  for (let i = 0; i < 20 && stage !== 'interrupt'; i++) {
    try { runSync(sleepThrough, 100); } catch (error) {
      ({ stage } = error);
      console.log(stage, /sleepThrough/.test(error.cause?.stack));
    }
  }`;

nativeTestOn(process.platform !== 'win32')(
  'it is shown though the process has stood still meanwhile',
  async (t) => {
    const child = await runSource(STAND_STILL);
    t.is(child.stdout.trim().split('\n').at(-1), 'interrupt true', child.stdout + child.stderr);
  },
);

/** `path:line` of the line that ends with a comment. */
function placeOf(path: string, comment: string): string {
  const lines = readFileSync(join(packageRoot, path), 'utf8').split('\n');
  return `${path}:${lines.findIndex((line) => line.endsWith(`// ${comment}`)) + 1}:`;
}

const places = {
  'of the source, where source maps are on': 'test/fixtures/semantics/stuck.ts',
  'that ran, where they are off': 'build/test/fixtures/semantics/stuck.js',
};
for (const [which, path] of Object.entries(places)) {
  nativeTest(`the line is the one ${which}`, async (t) => {
    const child = await runFixture('semantics/stuck', {
      nodeFlags: path.endsWith('.ts') ? ['--enable-source-maps'] : [],
      env: { NODE_OPTIONS: undefined },
    });
    t.is(child.code, 0, child.stderr);
    const { cause, own } = JSON.parse(child.stdout) as { cause: string; own: string };
    const topOf = (stack: string): string =>
      stack.split('\n').find((line) => line.startsWith('    at ')) ?? '';
    t.true(topOf(cause).includes('parseForever'), cause);
    t.true(topOf(cause).includes(placeOf(path, 'stuck here')), cause);
    t.true(topOf(own).includes(placeOf(path, 'called here')), own);
  });
}

test('where the place cannot be known there is no cause', (t) => {
  const { cause } = timeoutOf(t, () => runSync(loopForever, { timeout: 5, strategy: 'vm' }));
  t.is(cause, undefined);
});

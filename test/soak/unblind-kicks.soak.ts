import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../harness/package-root.js';
import { repetitions } from '../harness/repetitions.js';
import { runFixture } from '../harness/run-fixture.js';

// The collector is where memory moves: run often, moving everything, at every kind of allocation.
const flags = [
  [],
  ['--expose-gc'],
  ['--gc-interval=300'],
  ['--stress-compaction'],
  ['--stress-scavenge=30'],
] as const;

const kicks = repetitions(Number(process.env['HARDSTOP_SOAK_KICKS'] ?? 1_000_000));
const stops = repetitions(Number(process.env['HARDSTOP_SOAK_STOPS'] ?? 10_000));
const HOUR_MS = 3_600_000;

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip;

/** Builds the addon that kicks; `undefined` without a compiler. */
function buildStorm(): string | undefined {
  const require = createRequire(import.meta.url);
  const compiler = process.env['CXX'] ?? 'c++';
  if (spawnSync(compiler, ['--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  const output = join(packageRoot, 'build', 'soak', 'unblind_storm.node');
  mkdirSync(dirname(output), { recursive: true });
  const { status, stderr } = spawnSync(
    'sh',
    [
      '-c',
      `exec "$0" -std=c++17 -O2 -g -fno-exceptions -fno-rtti -fPIC -shared -pthread -Wl,-z,nodelete -fvisibility=hidden
        -Inative "-I$1" -DNAPI_VERSION=8 native/test/unblind_storm.cc native/unblind*.cc native/interrupter.cc
        native/platform/linux/*.cc native/platform/posix/*.cc -ldl -o "$2"`.replaceAll('\n', ' '),
      compiler,
      join(dirname(require.resolve('node-api-headers/package.json')), 'include'),
      output,
    ],
    { cwd: packageRoot, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return output;
}

for (const nodeFlags of flags) {
  const title = nodeFlags.join(' ') || 'no flags';

  onLinux(`kicks that meet the thread anywhere change no result: ${title}`, async (t) => {
    t.timeout(HOUR_MS);
    const addon = buildStorm();
    if (addon === undefined) {
      t.log('no C++ compiler here');
      t.pass();
      return;
    }
    const each = Math.ceil(kicks / flags.length);
    const args = [addon, String(each)];
    const child = await runFixture('blind-loop/kick-storm', {
      args,
      nodeFlags,
      timeoutMs: HOUR_MS,
    });
    t.is(child.code, 0, `${child.signal} ${child.stderr}`);
    const counters = JSON.parse(child.stdout) as Record<string, number>;
    t.log(process.version, JSON.stringify(counters));
    t.true((counters['kicks'] ?? 0) >= each);
    t.is(counters['refused'], 0);
  });

  onLinux(`warm loops that get stuck are stopped, again and again: ${title}`, async (t) => {
    t.timeout(HOUR_MS);
    const bodies = 33;
    const each = Math.ceil(stops / flags.length / bodies);
    const args = [String(each), '2'];
    const child = await runFixture('blind-loop/stop-loops', {
      args,
      nodeFlags,
      timeoutMs: HOUR_MS,
    });
    t.is(child.code, 0, `${child.signal} ${child.stderr}`);
    const stopped = JSON.parse(child.stdout) as Record<string, { late: number; busy: number }[]>;
    const all = Object.values(stopped)
      .flat()
      .map(({ late, busy }) => Math.min(late, busy))
      .sort((a, b) => a - b);
    const at = (share: number) => (all[Math.floor((all.length - 1) * share)] ?? 0).toFixed(3);
    const late = all.filter((lateness) => lateness > 50).length;
    t.log(
      `${process.version}: ${all.length} stops, late p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms, >50 ms: ${late}`,
    );
    // A machine under other load delays some; blindness would delay a third of them by 300 ms and more.
    t.true(late <= all.length / 10);
  });
}

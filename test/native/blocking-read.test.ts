import test from 'ava';
import { runSource } from '../harness/run-fixture.js';

const onUnix = process.platform === 'win32' ? test.skip : test;

const pipe = `
  import { execFileSync, spawn } from 'node:child_process';
  import { mkdtempSync, openSync, readSync, rmSync, writeSync, constants } from 'node:fs';
  import { tmpdir } from 'node:os';
  import { join } from 'node:path';
  import { performance } from 'node:perf_hooks';
  import { runSync } from 'hardstop';
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDWR);
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const bytes = new Uint8Array(1);
`;

onUnix('a read from a pipe that never speaks is stopped, and the pipe still works', async (t) => {
  const child = await runSource(`${pipe}
    const start = performance.now();
    let name;
    try { runSync(() => readSync(pipe, bytes), 20); } catch (error) { name = error.name; }
    const late = performance.now() - start - 20;
    writeSync(pipe, 'a');
    console.log(JSON.stringify({ name, late, read: readSync(pipe, bytes), byte: bytes[0] }));`);
  t.is(child.code, 0, child.stderr);
  const { name, late, read, byte } = JSON.parse(child.stdout) as Record<string, unknown>;
  t.is(name, 'TimeoutError');
  t.is(read, 1);
  t.is(byte, 97);
  // Some 0.2 ms when the machine is idle; without the signal it would never end.
  t.true(Number(late) >= 0 && Number(late) < 15_000, child.stdout);
});

onUnix('no signal reaches the work that follows a stop', async (t) => {
  // The reads block for some milliseconds each, right after a thread was kicked: a signal that came late would fail one
  // of them with EINTR.
  const child = await runSource(`${pipe}
    import { warmLoop } from './build/test/fixtures/blind-loop/loop-bodies.js';
    const writer = spawn('sh', ['-c', 'while :; do echo; sleep 0.003; done'], { stdio: ['ignore', pipe, 'inherit'] });
    let stops = 0;
    for (let i = 0; i < 200; i++) {
      const loop = warmLoop('integer arithmetic');
      try { runSync(() => loop(Infinity), 2); } catch { stops++; }
      while (readSync(pipe, bytes) === 1 && Math.random() < 0.5);
    }
    writer.kill();
    console.log(stops);`);
  t.is(child.code, 0, child.stderr);
  t.is(child.stdout.trim(), '200');
});

import { nativeTestOn } from '../harness/native-test.js';
import { runSource } from '../harness/run-fixture.js';

const unixTest = nativeTestOn(process.platform !== 'win32');

/** A FIFO that is open for reading and writing, so that neither end ever closes. */
const fifo = `
  import { execFileSync, spawn, spawnSync } from 'node:child_process';
  import { closeSync, constants, mkdtempSync, openSync, readSync, readFileSync, rmSync, writeSync } from 'node:fs';
  import { tmpdir } from 'node:os';
  import { join } from 'node:path';
  import { capabilities, runSync, TimeoutError } from 'hardstop';
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDWR);
  const bytes = Buffer.alloc(65_536);
  const outcome = (work, timeout = 20) => {
    try { return { value: runSync(work, timeout) }; }
    catch (error) {
      return { name: error.name, code: error.code, strategy: error.strategy, stopped: error.stopped, stage: error.stage,
        stack: error.cause?.stack };
    }
  };
  const report = (value) => { console.log(JSON.stringify(value)); };
`;

async function run(
  source: string,
  env: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const child = await runSource(fifo + source, { env });
  if (child.code !== 0) {
    throw new Error(`${String(child.code ?? child.signal)}: ${child.stdout}${child.stderr}`);
  }
  return JSON.parse(child.stdout) as Record<string, unknown>;
}

unixTest('a blocking read that is stopped tells the line where it was stuck', async (t) => {
  const result = await run(
    `report(outcome(function stuckHere() { readSync(pipe, bytes); }, 500));`,
  );
  t.like(result, { name: 'TimeoutError', strategy: 'native', stopped: true, stage: 'interrupt' });
  t.regex(String(result['stack']), /readSync/);
  t.regex(String(result['stack']), /stuckHere/);
});

unixTest(
  'a blocking read is stopped even when the work catches its error and reads on',
  async (t) => {
    const result = await run(
      `report(outcome(() => { for (;;) try { readSync(pipe, bytes); } catch {} }));`,
    );
    t.like(result, { name: 'TimeoutError', stopped: true });
  },
);

unixTest('a read that gets its data in time returns it', async (t) => {
  const result = await run(`
    const writer = spawn('sh', ['-c', 'sleep 0.05; printf x'], { stdio: ['ignore', pipe, 'inherit'] });
    report(outcome(() => readSync(pipe, bytes), 20_000));`);
  t.deepEqual(result, { value: 1 });
});

unixTest('reading the standard input, a silent pipe, is stopped', async (t) => {
  const result = await run(`
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval',
      "import { runSync } from 'hardstop'; import { readSync } from 'node:fs';" +
      "try { runSync(() => readSync(0, Buffer.alloc(1)), 20); } catch (error) { console.log(error.name); } process.exit();"],
      { encoding: 'utf8', stdio: [pipe, 'pipe', 'inherit'], timeout: 20_000 });
    report({ out: child.stdout.trim() });`);
  t.like(result, { out: 'TimeoutError' });
});

unixTest('no EINTR reaches reads that come after a stop', async (t) => {
  const result = await run(`
    const writer = spawn('sh', ['-c', 'while :; do printf x; sleep 0.002; done'], { stdio: ['ignore', pipe, 'inherit'] });
    let reads = 0, stops = 0;
    const spin = () => { for (;;); };
    while (stops < 100) {
      try { runSync(stops % 2 ? spin : () => { for (;;) readSync(pipe, bytes); }, 1); } catch (error) { if (!(error instanceof TimeoutError)) throw error; stops++; }
      reads += readSync(pipe, bytes, 0, 1);
    }
    writer.kill();
    report({ reads });`);
  t.is(result['reads'], 100);
});

unixTest("an EINTR of the work's own is no timeout", async (t) => {
  const result = await run(`
    report(outcome(() => { throw Object.assign(new Error('mine'), { code: 'EINTR' }); }, 60_000));`);
  t.like(result, { name: 'Error', code: 'EINTR' });
});

unixTest('child processes start with the signals as they were', async (t) => {
  const result = await run(`
    try { runSync(() => { for (;;); }, 5); } catch {}
    const status = (text, key) => /^\\w+/.test(text) && new RegExp(key + ':\\\\s*([0-9a-f]+)').exec(text)?.[1];
    const bare = spawnSync(process.execPath, ['-e', "console.log(require('fs').readFileSync('/proc/self/status', 'utf8'))"], { encoding: 'utf8' }).stdout;
    report({ blocked: status(bare, 'SigBlk'), number: capabilities().signalNumber });`);
  t.is(BigInt(`0x${String(result['blocked'])}`) & (1n << BigInt(Number(result['number']) - 1)), 0n);
});

unixTest('HARDSTOP_SIGNAL chooses the signal', async (t) => {
  const result = await run(
    `report({ number: capabilities().signalNumber, ...outcome(() => readSync(pipe, bytes)) });`,
    { HARDSTOP_SIGNAL: '40' },
  );
  t.like(result, { number: 40, name: 'TimeoutError', stopped: true });
});

unixTest(
  'HARDSTOP_SIGNAL=0 switches the signal off: loops are stopped, blocking reads are not',
  async (t) => {
    const result = await run(
      `const writer = spawn('sh', ['-c', 'sleep 0.3; printf x'], { stdio: ['ignore', pipe, 'inherit'] });
     const { name, stage } = outcome(() => readSync(pipe, bytes), 20);
     report({ number: capabilities().signalNumber, name, stage, loop: outcome(() => { for (;;); }).name });`,
      { HARDSTOP_SIGNAL: '0' },
    );
    t.is(result['number'], 0);
    t.is(result['loop'], 'TimeoutError');
    t.is(result['name'], 'TimeoutError');
    // The read came back by itself, and the interrupt was taken then, or not even that.
    t.regex(String(result['stage']), /late|interrupt|terminate/);
  },
);

for (const setting of ['SIGUSR9', '-1', '4096', '9', '12x']) {
  unixTest(
    `HARDSTOP_SIGNAL=${setting}, which cannot be had, leaves hardstop without a signal`,
    async (t) => {
      const result = await run(
        `const { signalNumber, prompt } = capabilities();
       report({ signalNumber, prompt, loop: outcome(() => { for (;;); }).name });`,
        { HARDSTOP_SIGNAL: setting },
      );
      t.like(result, { signalNumber: 0, loop: 'TimeoutError' });
      t.regex((result['prompt'] as { reason: string }).reason, /signal/i);
    },
  );
}

unixTest('a signal that the program handles itself is not taken over', async (t) => {
  const result = await run(
    `report({ number: capabilities().signalNumber, ...outcome(() => { for (;;); }) });`,
    // SIGUSR1 is Node's own, for the inspector.
    { HARDSTOP_SIGNAL: '10' },
  );
  t.like(result, { number: 0, name: 'TimeoutError' });
});

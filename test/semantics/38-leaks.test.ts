import { getEventListeners } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { run, Timeout } from 'hardstop';
import { repetitions } from '../harness/repetitions.js';
import { runFixture, runSource, type FixtureOptions } from '../harness/run-fixture.js';

// What asynchronous scopes leave behind. Programs that might hang or crash run in a child.

const HOUR = 3_600_000;
const CHILD_MS = 100_000;

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('10,000 runs under one signal leave no listener on it', async (t) => {
  const { signal } = new AbortController();
  let most = 0;
  const count = repetitions(10_000);
  for (let i = 0; i < count; i++) {
    const work = async (): Promise<void> => {
      most = Math.max(most, listeners(signal));
    };
    await run(i % 2 === 0 ? work : function* () {}, { timeout: HOUR, signal });
  }
  t.is(most, 1);
  t.is(listeners(signal), 0);
});

test('10,000 runs that wait at once have one listener on their signal', async (t) => {
  const { signal } = new AbortController();
  const settle: (() => void)[] = [];
  const work = (): Promise<void> => new Promise((resolve) => settle.push(resolve));
  const runs = Array.from({ length: repetitions(10_000) }, () => run(work, { signal }));
  t.is(listeners(signal), 1);
  for (const resolve of settle) resolve();
  await Promise.all(runs);
  t.is(listeners(signal), 0);
});

test('runs that end otherwise leave no listener either', async (t) => {
  const { signal } = new AbortController();
  const forever = (): Promise<never> => new Promise(() => {});
  await run(forever, { timeout: 1, error: false, signal });
  await t.throwsAsync(run(() => Promise.reject(new Error('own')), { signal }));
  await t.throwsAsync(
    run(
      () => {
        throw new Error('own');
      },
      { signal },
    ),
  );
  await run(
    function* () {
      yield forever();
    },
    { timeout: 1, error: false, signal },
  );
  await t.throwsAsync(run(() => run(forever, { signal }), 1));
  const cancelled = new Timeout(HOUR, { signal });
  await cancelled.run(async () => {
    cancelled.cancel();
  });
  t.is(listeners(signal), 0);
});

test('an abort leaves no listener on the signal', async (t) => {
  const controller = new AbortController();
  const { signal } = controller;
  const runs = Array.from({ length: 10 }, () => run(() => new Promise(() => {}), { signal }));
  controller.abort(new Error('stop'));
  const results = await Promise.allSettled(runs);
  t.true(results.every(({ status }) => status === 'rejected'));
  t.is(listeners(signal), 0);
});

/** Runs a program with what it needs from the package; it has to end by itself. */
async function ends(
  t: ExecutionContext,
  program: string,
  options: FixtureOptions = {},
): Promise<string> {
  t.timeout(CHILD_MS + 20_000);
  const prelude = `import { run, Timeout, withTimeout } from 'hardstop';
    import { Worker, isMainThread } from 'node:worker_threads';
    const forever = () => new Promise(() => {});
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const HOUR = ${String(HOUR)};\n`;
  const child = await runSource(prelude + program, { timeoutMs: CHILD_MS, ...options });
  t.false(child.timedOut, 'the child did not end by itself');
  t.is(child.code, 0, `${String(child.signal)} ${child.stderr}`);
  t.is(child.stderr, '');
  return child.stdout.trim();
}

// The hour of the limits is far more than the child has.
const letGo: Readonly<Record<string, string>> = {
  'has ended in time': 'await run(turn, HOUR);',
  'has ended at once': 'await run(() => 1, HOUR);',
  'was a coroutine': 'await run(function* () { yield turn(); }, HOUR);',
  'has failed': 'await run(() => Promise.reject(1), HOUR).catch(() => {});',
  'was abandoned': 'await run(forever, { timeout: 5, error: false });',
  'was abandoned after a grace': 'await run(forever, { timeout: 5, grace: 5, error: false });',
  'was cancelled': 'const scope = new Timeout(HOUR); scope.run(forever); scope.cancel();',
  'was rescheduled to no limit':
    'const scope = new Timeout(HOUR); scope.run(forever); scope.reschedule(Infinity);',
  'was aborted': `const controller = new AbortController();
    const outcome = run(forever, { timeout: HOUR, signal: controller.signal }).catch(() => {});
    controller.abort();
    await outcome;`,
  'was refused':
    'await run(forever, { timeout: HOUR, signal: AbortSignal.abort() }).catch(() => {});',
  'was inside one that timed out':
    'await run(() => run(forever, HOUR), { timeout: 5, error: false });',
  'had started timeouts':
    'await run(() => { Timeout.startNew(HOUR); new Timeout(HOUR).start().cancel(); return turn(); });',
  'was held off by a shield':
    'await run((scope) => scope.shield(turn).then(forever), { timeout: 0, error: false });',
};

for (const [how, program] of Object.entries(letGo)) {
  test(`nothing keeps the process alive after a run that ${how}`, async (t) => {
    t.is(await ends(t, `${program}\nconsole.log('at the end');`), 'at the end');
  });
}

test('a run with a limit keeps the process alive while it waits', async (t) => {
  const program = `run(forever, { timeout: 50, default: 'expired' }).then(console.log);`;
  t.is(await ends(t, program), 'expired');
});

test('a timeout that was started keeps the process alive while it waits', async (t) => {
  const program = `run(() => { Timeout.startNew(50); return forever(); })
    .catch((error) => console.log(error.name));`;
  t.is(await ends(t, program), 'TimeoutError');
});

test('the end of a grace keeps the process alive', async (t) => {
  const program = `run(forever, { timeout: 5, grace: 50, default: 'given up' }).then(console.log);`;
  t.is(await ends(t, program), 'given up');
});

test('a run without a limit does not keep the process alive', async (t) => {
  t.is(await ends(t, `run(forever).finally(() => console.log('ended'));`), '');
});

test('after its end nothing of a run is kept in memory', async (t) => {
  t.timeout(CHILD_MS + 20_000);
  const child = await runFixture('semantics/retained', {
    nodeFlags: ['--expose-gc'],
    timeoutMs: CHILD_MS,
  });
  t.is(child.code, 0, child.stderr);
  t.deepEqual(JSON.parse(child.stdout), []);
});

test('a rejection that comes after the end of a run is nobody’s loss', async (t) => {
  const program = `
    const rejects = [];
    const later = () => new Promise((resolve, reject) => rejects.push(reject));
    // The limit comes when the work waits: a part that is cut would lose its promise.
    const within = (work, options) => {
      const scope = new Timeout(undefined, { error: false, ...options });
      const outcome = scope.run(work);
      scope.reschedule(1);
      return outcome;
    };
    await within(later);
    await within(later, { grace: 1 });
    await within(async () => { try { await later(); } finally { throw new Error('cleanup'); } });
    await within(function* () { yield later(); });
    await within(function* () { yield [later(), later()]; });
    await within(() => run(later, HOUR));
    await within(() => { run(later, HOUR); return forever(); });
    await within(() => { within(later); return forever(); });
    await run((scope) => scope.shield(later), { timeout: 0, error: false, signal: undefined }).catch(() => {});
    console.log('at the end');`;
  // The last one is held until its shield ends: it is settled from outside.
  const settled = program.replace(
    'await run((scope) => scope.shield(later)',
    'setTimeout(() => rejects.at(-1)(new Error("in the shield")), 5); await run((scope) => scope.shield(later)',
  );
  const rejectAll = `
    for (const reject of rejects) reject(new Error('too late'));
    for (let i = 0; i < 5; i++) await turn();`;
  t.is(await ends(t, settled + rejectAll), 'at the end');
});

test('a rejected promise that a coroutine yields while it is told to stop is nobody’s loss', async (t) => {
  const program = `
    await run(function* () {
      try { yield forever(); } finally { yield Promise.reject(new Error('cleanup')); }
    }, { timeout: 1, error: false });
    await run(function* () {
      try { yield forever(); } finally { yield [turn(), Promise.reject(new Error('cleanup'))]; }
    }, { timeout: 1, error: false });
    await run(function* () {
      try { yield forever(); } finally { yield run(turn, { signal: AbortSignal.abort() }); }
    }, { timeout: 1, error: false });
    await run(function* () {
      Timeout.startNew(1);
      try { yield forever(); } catch {}
      Timeout.startNew(0);
      try { yield turn().then(() => { throw new Error('after a raise'); }); } catch {}
    });
    for (let i = 0; i < 5; i++) await turn();
    console.log('at the end');`;
  t.is(await ends(t, program), 'at the end');
});

test('an error of a run that nobody looks at is reported as any other', async (t) => {
  t.timeout(CHILD_MS + 20_000);
  const child = await runSource(
    `import { run } from 'hardstop'; run(() => new Promise(() => {}), 1);`,
    { timeoutMs: CHILD_MS },
  );
  t.is(child.code, 1);
  t.regex(child.stderr, /TimeoutError: Timed out after 1 ms/);
});

test('200,000 runs leave the heap as it was', async (t) => {
  const program = `
    const { signal } = new AbortController();
    const kinds = [
      () => run(async () => 1, HOUR),
      () => run(turn, { timeout: HOUR, signal }),
      () => run(function* () { yield 1; yield Promise.resolve(2); }, HOUR),
      () => run(() => run(async () => 1, HOUR), HOUR),
      () => run(async () => { Timeout.startNew(HOUR); }, HOUR),
      () => run(forever, { timeout: 0, error: false }),
    ];
    const rounds = async (count) => {
      for (let i = 0; i < count; i++) await Promise.all(kinds.map((start) => start()));
      await turn();
      gc();
      return process.memoryUsage().heapUsed;
    };
    const count = ${String(repetitions(33_334))};
    const before = await rounds(Math.ceil(count / 10));
    const after = await rounds(count);
    // A single object for each run would be some MB.
    console.log((after - before) / 2 ** 20 < 4 ? 'flat' : (after - before) / 2 ** 20 + ' MB more');`;
  t.is(await ends(t, program, { nodeFlags: ['--expose-gc'] }), 'flat');
});

test('a worker with 10,000 pending runs ends when it is told to', async (t) => {
  const worker = `
    import { parentPort } from 'node:worker_threads';
    import { run } from 'hardstop';
    const forever = () => new Promise(() => {});
    for (let i = 0; i < 10_000; i++) void run(forever, 3_600_000 + i);
    parentPort.on('message', () => process.exit(3));
    parentPort.postMessage('ready');`;
  const program = `
    const make = () => new Worker(${JSON.stringify(worker)}, { eval: true, type: 'module' });
    for (const stop of [(worker) => worker.terminate(), (worker) => worker.postMessage('exit')]) {
      const worker = make();
      await new Promise((resolve) => worker.once('message', resolve));
      const exited = new Promise((resolve) => worker.once('exit', resolve));
      stop(worker);
      console.log(await exited);
    }`;
  t.is(await ends(t, program), '1\n3');
});

test('100,000 runs wait at once and all come to their ends', async (t) => {
  const count = repetitions(100_000);
  const program = `
    const resolves = [];
    const runs = [];
    const work = () => new Promise((resolve) => resolves.push(resolve));
    for (let i = 0; i < ${String(count)}; i++) {
      runs.push(run(work, i % 2 === 0 ? HOUR + (i % 1000) : { timeout: 1 + (i % 50), default: 'expired' }));
    }
    await Promise.all(runs.filter((_, i) => i % 2 === 1));
    resolves.forEach((resolve) => resolve('value'));
    const counts = {};
    for (const value of await Promise.all(runs)) counts[value] = (counts[value] ?? 0) + 1;
    console.log(JSON.stringify(counts));`;
  const half = count / 2;
  t.deepEqual(JSON.parse(await ends(t, program)), {
    value: Math.ceil(half),
    expired: Math.floor(half),
  });
});

test('10,000 timeouts start in one run, and end with it', async (t) => {
  const count = repetitions(10_000);
  const timeouts: Timeout[] = [];
  await run(async () => {
    for (let i = 0; i < count; i++) timeouts.push(new Timeout(HOUR + i).start());
    await turn();
    t.true(timeouts.every(({ pending }) => pending));
  });
  t.true(timeouts.every(({ pending, state }) => !pending && state === 'cancelled'));
});

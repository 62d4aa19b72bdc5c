import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../harness/package-root.js';

const KILL_AFTER_MS = 50_000;

/** What each example prints, whole: the examples are documentation, and this is what it claims. */
const outputs: ReadonlyMap<string, readonly string[]> = new Map([
  ['abort-signal', ['the client has gone', 'aborted yet? false']],
  ['async-raise', ["the worker's loop ended: the user has closed the tab"]],
  ['checkpoint-and-grace', ['TimeoutError checkpoint', 'still open: 0']],
  ['coroutine', ['closed', 'yield, stopped: true']],
  ['default-value', ['-1', 'undefined', 'TimeoutError: The report took too long']],
  [
    'defer-cleanup',
    ['last opened, first closed', 'first opened, last closed', 'then TimeoutError'],
  ],
  ['diagnostics', ['published: native, stopped: true', 'expired: 1']],
  ['fake-clock', ['gave up after 180000 ms', 'jumped 86400000 ms: a day later']],
  [
    'gevent',
    [
      'nobody answers',
      'mine: Timeout: 300 ms',
      'started again: true',
      'closed: false',
      'undefined timed_out',
    ],
  ],
  [
    'http-deadline',
    ['limited by the client: true', 'the client has given up', 'the server, soon after: too late'],
  ],
  ['isolation/decorator', ['1c626313de370101', 'Timed out after 100 ms (process: killed)']],
  ['isolation/map', ['a+b false', '(a+)+$ TimeoutError', '[ SyntaxError', '^a{3} true']],
  ['isolation/pool', ['1', '2', '3', 'no room', '3']],
  ['isolation/process', ['process kill true']],
  [
    'isolation/progress',
    ['{ done: 0.25 }', '{ done: 0.5 }', '{ done: 0.75 }', '{ done: 1 }', '10006'],
  ],
  ['isolation/worker', ['3', '6', 'worker true']],
  ['nested', ['request expired: true', 'timed_out interrupted']],
  ['prompt', ['stopped promptly: true']],
  [
    'propagation',
    [
      'inside the request, after await: true',
      'the request expired: true',
      'gave up, fast',
      'committed, expired inside: false',
      'then TimeoutError',
    ],
  ],
  ['quick-start', ["[ 'a', 'b' ]", 'TimeoutError after 50 ms, stopped: true']],
  ['regex', ['true', 'no answer in 20 ms, and no silent false', 'a 1', 'b 2', 'a<1>b<2>']],
  [
    'run-async',
    [
      'in time: a value',
      'listens: signal, stopped: true',
      'deaf: abandoned, stopped: false',
      'stuck: interrupt, stopped: true',
    ],
  ],
  ['timeoutable', ['55', 'not finished', '[ 1, 2, 3 ]']],
  ['where-it-was-stuck', ['Timed out after 300 ms: `layout`', 'stuck at spin']],
  ['worker-sync', ['6', 'worker true']],
]);

const folder = join(packageRoot, 'build/examples');
/** Modules of tasks, which are no programs. */
const MODULES = ['isolation/tasks'];
const examples = ['', 'isolation/'].flatMap((path) =>
  readdirSync(join(folder, path))
    .filter((file) => file.endsWith('.js'))
    .map((file) => path + file.replace(/\.js$/, ''))
    .filter((name) => !MODULES.includes(name)),
);

test('every example is run', (t) => {
  t.deepEqual([...examples].sort(), [...outputs.keys()].sort());
});

for (const [name, lines] of outputs) {
  test.serial(`examples/${name}.ts prints what it claims`, async (t) => {
    // They have limits as a reader would set them: a crowded machine may not let them have their way at once.
    const expected = `${lines.join('\n')}\n`;
    let { code, output } = await runExample(join(folder, `${name}.js`));
    for (let again = 0; output !== expected && again < 4; again++) {
      ({ code, output } = await runExample(join(folder, `${name}.js`)));
    }
    t.is(code, 0, output);
    t.deepEqual(output.trimEnd().split('\n'), [...lines]);
  });
}

test.serial('the demo stops everything but the JSON text, and says so', async (t) => {
  const { code, output } = await runExample(join(folder, 'demo/main.js'));
  t.is(code, 0, output);
  const sections = output.split('\n\n');
  const sectionOf = (title: string): string =>
    sections.find((section) => section.startsWith(title)) ?? '';
  for (const [title, place] of [
    ['catastrophic regular expression', /stuck in +.*catastrophic-regex\.ts/],
    ['infinite loop', /stuck in +.*infinite-loop\.ts/],
    ['WebAssembly loop', /stuck in +(spin wasm:|.*webassembly-loop\.ts)/],
    ['warm, then stuck', /stuck in +.*warm-then-stuck\.ts/],
    ['blocking read', /stuck in +.*silent-pipe\.ts/],
  ] as const) {
    const section = sectionOf(title);
    t.regex(section, /strategy native, stage (interrupt|terminate)/, title);
    // On a machine that gives the thread no time to take the interrupt, the place is not known.
    if (section.includes('stage interrupt')) t.regex(section, place, title);
  }
  t.regex(sectionOf('huge JSON text'), /strategy native, stage late/);
});

/** Runs a program with its standard error among its output, so that a failure shows all. */
function runExample(
  path: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, ['--enable-source-maps', path], {
    cwd: packageRoot,
    // The examples show the native strategy, also where the rest of the suite runs without it.
    env: { ...process.env, HARDSTOP_DISABLE_NATIVE: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: KILL_AFTER_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, output });
    });
  });
}

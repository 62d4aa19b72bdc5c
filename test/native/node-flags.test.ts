import test from 'ava';
import { nativeTest } from '../harness/native-test.js';
import { runSource } from '../harness/run-fixture.js';
import { strategies, testEachStrategy } from '../harness/strategies.js';

const major = Number.parseInt(process.versions.node, 10);
const [strategy] = strategies();

/** Stops, returns in time, nests, times out by a checkpoint, and prints what came of it. */
const exercise = `
  import { runSync, TimeoutError } from 'hardstop';
  const spin = () => { for (;;); };
  const outcome = (work, options) => {
    try { return runSync(work, options); } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      return error.strategy + ' ' + typeof error.stack + ' ' + typeof (error.cause?.stack ?? '');
    }
  };
  console.log(JSON.stringify([
    outcome(() => 'in time', 60_000),
    outcome(spin, 10),
    outcome(() => outcome(spin, 10), 60_000),
    outcome((scope) => { for (;;) scope.checkpoint(); }, { timeout: 10, grace: 60_000 }),
    outcome(spin, { timeout: 10, default: 'default' }),
    outcome(spin, { timeout: 10, strategy: 'vm' }),
  ]));
`;

function expected(automatic: string | undefined): string {
  const error = `${String(automatic)} string string`;
  return JSON.stringify(['in time', error, error, error, 'default', 'vm string string']);
}

interface FlagCase {
  readonly flags: readonly string[];
  readonly since?: number;
  readonly automatic?: string;
  /** What Node itself says about the flag. */
  readonly warning?: RegExp;
}

const PERMISSION = major < 22 ? '--experimental-permission' : '--permission';

const cases: readonly FlagCase[] = [
  { flags: ['--frozen-intrinsics'], warning: /^.*ExperimentalWarning: Frozen.*\n.*\n$/ },
  { flags: ['--disallow-code-generation-from-strings'] },
  { flags: ['--enable-source-maps'] },
  { flags: ['--trace-uncaught'] },
  { flags: ['--pending-deprecation', '--throw-deprecation', '--trace-warnings'] },
  { flags: ['--stack-trace-limit=0'] },
  { flags: ['--disable-proto=throw'] },
  { flags: ['--no-addons'], automatic: 'vm' },
  { flags: ['--single-threaded'] },
  { flags: ['--no-opt'] },
  { flags: ['--max-lazy', '--no-lazy-feedback-allocation'] },
  { flags: ['--stress-compaction'] },
  { flags: ['--unhandled-rejections=strict'] },
  // Without addons, workers and child processes: the vm strategy is what is left.
  {
    flags: [PERMISSION, '--allow-fs-read=*'],
    automatic: 'vm',
    warning: /^(?:.*ExperimentalWarning: Permission.*\n.*\n)?$/,
  },
  {
    flags: [PERMISSION, '--allow-fs-read=*', '--allow-addons'],
    since: 22,
    warning: /^(?:.*SecurityWarning: The flag --allow-addons.*\n.*\n)?$/,
  },
];

for (const { flags, since = 20, automatic = strategy, warning = /^$/ } of cases) {
  const register = major >= since ? test : test.skip;
  register(`timeouts work, and warn of nothing, under ${flags.join(' ')}`, async (t) => {
    const child = await runSource(exercise, { nodeFlags: flags });
    t.is(child.code, 0, child.stderr);
    t.is(child.stdout.trim(), expected(automatic));
    t.regex(child.stderr, warning);
  });
}

const described = `
  import { capabilities } from 'hardstop';
  const { native, worker, process, vm } = capabilities().strategies;
  console.log(JSON.stringify([native, worker, process, vm].map(({ available }) => available)));
  console.log([native, worker, process].map(({ reason }) => reason).join('\\n'));`;

test('under the permission model `capabilities` tells what is forbidden, and why', async (t) => {
  const flags = [PERMISSION, '--allow-fs-read=*'];
  const none = await runSource(described, { nodeFlags: flags });
  t.regex(none.stdout, /^\[false,false,false,true\]\n/, none.stderr);
  t.regex(none.stdout, /without --allow-worker\n.*without --allow-child-process\n/);
  const allowed = await runSource(described, {
    nodeFlags: [...flags, '--allow-worker', '--allow-child-process'],
  });
  t.regex(allowed.stdout, /^\[false,true,true,true\]\n/, allowed.stderr);
});

nativeTest('an addon that Node may not load is not said to be missing', async (t) => {
  const child = await runSource(described, { nodeFlags: ['--no-addons'] });
  t.regex(child.stdout, /\nThe addon could not be loaded: .*loading addons is disabled/);
});

const hostile: Readonly<Record<string, string>> = {
  'Error.stackTraceLimit = 0': 'Error.stackTraceLimit = 0;',
  'Error.stackTraceLimit deleted': 'delete Error.stackTraceLimit;',
  'Error.stackTraceLimit read-only':
    "Object.defineProperty(Error, 'stackTraceLimit', { value: 5, writable: false, configurable: false });",
  'an Error.prepareStackTrace of the user':
    "Error.prepareStackTrace = (error) => String(error) + ' prepared';",
  'an Error.prepareStackTrace that throws':
    "Error.prepareStackTrace = () => { throw new Error('prepare'); };",
  'Promise.prototype.then replaced': "Promise.prototype.then = () => { throw new Error('then'); };",
  'Function.prototype.call replaced':
    "Function.prototype.call = () => { throw new Error('call'); };",
  'a frozen globalThis': 'Object.freeze(globalThis);',
  'performance.now replaced': 'performance.now = () => 0;',
};

for (const [name, source] of Object.entries(hostile)) {
  test(`timeouts work with ${name}`, async (t) => {
    const child = await runSource(`
      import { writeSync } from 'node:fs';
      import { runSync, TimeoutError } from 'hardstop';
      const Caught = TimeoutError;
      ${source}
      let name = 'not stopped';
      try { runSync(() => { for (;;); }, 10); } catch (error) { name = error instanceof Caught ? error.name : error.constructor.name + ': ' + error.message; }
      const value = runSync(() => 1, 60_000);
      writeSync(1, name + ' ' + value);`);
    t.like(child, { code: 0, stdout: 'TimeoutError 1' }, child.stderr);
  });
}

test('a stack trace limit of the user is left as it was', async (t) => {
  const child = await runSource(`
    import { runSync } from 'hardstop';
    Error.stackTraceLimit = 7;
    for (let i = 0; i < 20; i++) try { runSync(() => { for (;;); }, 1); } catch {}
    console.log(Error.stackTraceLimit);`);
  t.like(child, { code: 0, stdout: '7\n' });
});

// With it the engine looks at the stack of every error for the debugger, as under --trace-uncaught. On Node 26 it aborts
// then where a limit of stack traces is beyond what fits into its arrays.
testEachStrategy('timeouts work while a debugger has the runtime enabled', async (t, strategy) => {
  const child = await runSource(`
    import { Session } from 'node:inspector';
    import { runSync } from 'hardstop';
    const session = new Session();
    session.connect();
    session.post('Runtime.enable');
    const strategy = '${strategy}';
    const nested = () => runSync(() => { for (;;); }, { timeout: 60_000, strategy });
    try { runSync(nested, { timeout: 10, strategy }); } catch (error) { console.log(error.name); }`);
  t.like(child, { code: 0, stdout: 'TimeoutError\n' }, child.stderr);
});

// Programs that use the addon, and the C++ unit tests, under valgrind.
//
//   node scripts/sanitizers/valgrind.js [compiled programs]
//
// Slow, and late by many ms: nothing that runs here may judge lateness.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageRoot } from '../package-root.js';
import { report } from '../test/totals.js';
import { runNativeTests } from '../test-native/native-tests.js';
import { findCompiler } from '../test-native/compiler.js';
import { buildInstrumentedAddon } from './instrumented-addon.js';

const PROGRAMS = 'build/test/fixtures/valgrind';
const PROGRAM_TIMEOUT_MS = 600_000;
const VALGRIND = ['valgrind', '-q', '--error-exitcode=9'];
// fair-sched: otherwise a spinning thread keeps the watchdog from running. smc-check: the engine rewrites its code.
const FOR_NODE = ['--fair-sched=yes', '--smc-check=all-non-file'];

const compiler = findCompiler();
if (!compiler || spawnSync('valgrind', ['--version']).status !== 0) {
  console.log('- [skip] valgrind: it, or a C++ compiler, is not installed');
  process.exit(0);
}
const addon = buildInstrumentedAddon(compiler, 'valgrind', []);

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const program of programs()) {
  const [command = '', ...args] = [...VALGRIND, ...FOR_NODE, process.execPath, program];
  const { status } = spawnSync(command, args, {
    cwd: packageRoot,
    env: { ...process.env, HARDSTOP_PREBUILD: addon },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: PROGRAM_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  totals[status === 0 ? 'passed' : 'failed'] += 1;
  console.log(`${status === 0 ? '✔' : '✘'} ${relative(packageRoot, program)}`);
}
report('programs, valgrind', totals);

const unit = await runNativeTests({ folder: 'valgrind', launcher: VALGRIND });
report('C++ unit tests, valgrind', unit);
process.exitCode = totals.failed + unit.failed > 0 ? 1 : 0;

function programs() {
  const given = process.argv.slice(2);
  if (given.length > 0) return given;
  const folder = join(packageRoot, PROGRAMS);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name));
}

import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { NONE, add } from '../test/totals.js';
import { buildNativeTests } from './build.js';
import { findCompiler } from './compiler.js';
import { nativeTestSources } from './sources.js';

/** @typedef {import('../test/totals.js').Totals} Totals */

const TEST_TIMEOUT_MS = 120_000;

/**
 * Builds and runs the C++ unit tests.
 *
 * @param {object} [options]
 * @param {readonly string[]} [options.flags] further compiler flags, e.g. -fsanitize=thread
 * @param {string} [options.folder] below build/native-test
 * @param {readonly string[]} [options.launcher] a command that runs each program, e.g. valgrind
 * @returns {Promise<Totals>}
 */
export async function runNativeTests({ flags = [], folder = 'plain', launcher = [] } = {}) {
  const compiler = findCompiler();
  if (compiler === undefined) {
    const count = nativeTestSources().length;
    console.log(`  - [skip] no C++ compiler here: ${count} files of C++ unit tests not run`);
    return { ...NONE, skipped: count };
  }
  try {
    const programs = await buildNativeTests({ compiler, flags, folder });
    return programs.map((program) => runProgram(program, launcher)).reduce(add, NONE);
  } catch (error) {
    console.error(`  ✘ ${error instanceof Error ? error.message : String(error)}`);
    return { ...NONE, failed: 1 };
  }
}

/**
 * A program counts as one test, or, if it prints TAP lines, as so many. Those that were skipped are named.
 *
 * @param {string} program
 * @param {readonly string[]} launcher
 * @returns {Totals}
 */
function runProgram(program, launcher) {
  const [command = program, ...args] = [...launcher, program];
  const { status, signal, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: TEST_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const skips = [...stdout.matchAll(/^ok \d+ - (.*) # SKIP (.*)$/gm)];
  for (const [, test, reason] of skips) console.log(`  - [skip] ${test}: ${reason}`);
  const skipped = skips.length;
  const passed = (stdout.match(/^ok /gm)?.length ?? 0) - skipped;
  const failed = stdout.match(/^not ok /gm)?.length ?? 0;
  if (status === 0 && failed === 0) {
    return { ...NONE, passed: Math.max(passed, skipped > 0 ? 0 : 1), skipped };
  }
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  console.log(`  ✘ ${basename(program)} ended with ${status ?? signal}`);
  return { ...NONE, passed, skipped, failed: Math.max(failed, 1) };
}

import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { packageRoot } from '../package-root.js';
import { coreSources, description, nativeTestSources } from './sources.js';

const FLAGS = ['-O1', '-g', '-pthread', '-Inative'];

/**
 * Compiles native/test/*_test.cc, each into a program of its own that is linked with the part of the native core that
 * knows no Node-API. Rejects when one does not compile.
 *
 * @param {object} options
 * @param {string} options.compiler
 * @param {readonly string[]} [options.flags] further flags, e.g. -fsanitize=thread
 * @param {string} options.folder below build/native-test, so that differently built programs stay apart
 * @returns {Promise<string[]>} the programs
 */
export async function buildNativeTests({ compiler, flags = [], folder }) {
  const output = join(packageRoot, 'build/native-test', folder);
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const compile = [...description.cflags, ...description.cflags_cc, ...FLAGS, ...flags];
  const sources = coreSources();
  const archive = join(output, 'core.a');

  /** @param {string} source */
  const objectOf = (source) => join(output, `${source.replaceAll('/', '-')}.o`);
  /** @param {string} source */
  const programOf = (source) => join(output, basename(source, '.cc'));
  const tests = nativeTestSources();

  await inParallel(sources, (source) =>
    run(compiler, [...compile, '-c', source, '-o', objectOf(source)]),
  );
  await run('ar', ['rcs', archive, ...sources.map(objectOf)]);
  await inParallel(tests, (test) =>
    run(compiler, [...compile, test, archive, '-ldl', '-o', programOf(test)]),
  );
  return tests.map(programOf);
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => Promise<void>} work
 */
async function inParallel(items, work) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<void>}
 */
function run(command, args) {
  const child = spawn(command, args, { cwd: packageRoot, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ended with ${code}: ${args.join(' ')}`));
    });
  });
}

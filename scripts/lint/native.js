// The C++ sources: formatted as .clang-format says (--fix: format them), and clean under clang-tidy with clang's
// thread-safety analysis, where clang-tidy is installed.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../package-root.js';
import { description } from '../test-native/sources.js';

const require = createRequire(import.meta.url);
const fix = process.argv.includes('--fix');

const files = readdirSync(join(packageRoot, 'native'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(?:cc|h)$/.test(name))
  .map((name) => join('native', name));
const format = require.resolve('clang-format/index.js');
run(process.execPath, [format, ...(fix ? ['-i'] : ['-n', '-Werror']), ...files]);
if (!fix) analyse();

function analyse() {
  const tidy = ['clang-tidy', 'clang-tidy-14'].find(isInstalled);
  if (!tidy) {
    console.log('- [skip] clang-tidy is not installed: the C++ was not analysed');
    return;
  }
  const includes = ['node-addon-api/package.json', 'node-api-headers/include/node_api.h'];
  const flags = [
    ...description.cflags_cc,
    ...description.defines.map((define) => `-D${define}`),
    ...['-Wall', '-Wextra', '-Wthread-safety', '-Inative'],
    ...includes.flatMap((file) => ['-isystem', dirname(require.resolve(file))]),
  ];
  // xargs -P: one process for each core, as clang-tidy itself works on one file at a time.
  run(
    'xargs',
    ['-P', String(availableParallelism()), '-I{}', tidy, '--quiet', '{}', '--', ...flags],
    description.sources,
  );
}

/** @param {string} command */
function isInstalled(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {readonly string[]} [input] lines for its standard input
 */
function run(command, args, input = []) {
  const { status } = spawnSync(command, args, {
    cwd: packageRoot,
    input: input.join('\n'),
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exitCode = 1;
}

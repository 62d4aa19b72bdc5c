import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { description } from '../test-native/sources.js';
import { packageRoot } from '../package-root.js';

const require = createRequire(import.meta.url);
const FLAGS = ['-O1', '-g', '-fno-omit-frame-pointer', '-fPIC', '-shared', '-Inative'];

/**
 * Builds the addon with a sanitizer, where node-gyp-build finds it when HARDSTOP_PREBUILD names the folder.
 *
 * @param {string} compiler
 * @param {string} name of the folder, below build/
 * @param {readonly string[]} flags
 * @returns {string} the folder
 */
export function buildInstrumentedAddon(compiler, name, flags) {
  const folder = join(packageRoot, 'build', name);
  const target = join(folder, 'prebuilds', `${process.platform}-${process.arch}`);
  mkdirSync(target, { recursive: true });
  const includes = [
    `-I${dirname(require.resolve('node-addon-api/package.json'))}`,
    `-I${join(dirname(require.resolve('node-api-headers/package.json')), 'include')}`,
  ];
  const all = [
    ...[...description.cflags, ...description.cflags_cc, ...FLAGS, ...flags],
    ...[...description.defines, 'NODE_GYP_MODULE_NAME=hardstop'].map((define) => `-D${define}`),
    ...[...includes, ...description.sources, '-o', join(target, 'hardstop.node')],
    ...[...description.ldflags, '-ldl', '-lpthread'],
  ];
  const { status } = spawnSync(compiler, all, { cwd: packageRoot, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${compiler} could not build the ${name} addon`);
  return folder;
}

/**
 * The run-time library of a sanitizer, to be loaded before everything else.
 *
 * @param {string} compiler
 * @param {string} library e.g. `libasan.so`
 */
export function runtimeLibrary(compiler, library) {
  const { stdout } = spawnSync(compiler, [`-print-file-name=${library}`], { encoding: 'utf8' });
  return stdout.trim();
}

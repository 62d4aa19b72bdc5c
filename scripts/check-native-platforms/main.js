// Compiles, without linking, the sources of the systems that this machine is not: macOS (both
// processors) with the pinned compiler of scripts/prebuild, Windows with MinGW if it is installed,
// else with the same compiler. Nothing of it is run; it finds what does not even compile.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../package-root.js';
import { readBuildDescription } from '../prebuild/build-description.js';
import { prepareToolchain } from '../prebuild/toolchain.js';

const MINGW = 'x86_64-w64-mingw32-g++';

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {'mac' | 'win'} os
 * @property {readonly string[]} command
 * @property {readonly string[]} flags
 */

const toolchain = prepareToolchain();
const output = mkdtempSync(join(tmpdir(), 'hardstop-platforms-'));
let failures = 0;
try {
  for (const check of checks()) failures += compileAll(check);
} finally {
  rmSync(output, { recursive: true, force: true });
}
if (failures > 0) process.exitCode = 1;

/** @returns {Check[]} */
function checks() {
  const zig = [toolchain.zig, 'c++'];
  /** @param {string} triple */
  const clang = (triple) => [
    ...['-target', triple],
    ...['-Wthread-safety', '-Wno-unused-command-line-argument'],
  ];
  const hasMingw = spawnSync(MINGW, ['--version']).status === 0;
  return [
    { name: 'darwin-x64', os: 'mac', command: zig, flags: clang('x86_64-macos.11.0') },
    { name: 'darwin-arm64', os: 'mac', command: zig, flags: clang('aarch64-macos.11.0') },
    hasMingw
      ? { name: `win32-x64, ${MINGW}`, os: 'win', command: [MINGW], flags: [] }
      : { name: 'win32-x64, zig', os: 'win', command: zig, flags: clang('x86_64-windows-gnu') },
  ];
}

/**
 * @param {Check} check
 * @returns {number} how many sources failed
 */
function compileAll({ name, os, command, flags }) {
  const description = readBuildDescription(os);
  const [program = '', ...first] = command;
  const args = [
    ...first,
    ...flags,
    // What node-gyp passes by other means on these systems (xcode_settings, msvs_settings).
    ...['-std=c++17', '-O2', '-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics'],
    ...['-Wall', '-Wextra', '-Werror'],
    ...description.defines.map((define) => `-D${define}`),
    '-DNODE_GYP_MODULE_NAME=hardstop',
    '-Inative',
    ...toolchain.includes.flatMap((folder) => ['-isystem', folder]),
  ];
  let failed = 0;
  for (const source of description.sources) {
    const object = join(output, 'compiled.o');
    const { status, stderr } = spawnSync(program, [...args, '-c', source, '-o', object], {
      cwd: packageRoot,
      env: toolchain.env,
      encoding: 'utf8',
    });
    if (status === 0) continue;
    failed += 1;
    console.error(`${name}: ${source} does not compile\n${stderr}`);
  }
  console.log(
    `${name}: ${description.sources.length - failed} of ${description.sources.length} ok`,
  );
  return failed;
}

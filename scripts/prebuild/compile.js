import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../package-root.js';
import { readBuildDescription } from './build-description.js';

/**
 * Beyond what binding.gyp says: what makes a binary small, the same on every machine, and free of
 * a C++ runtime library.
 */
const CXX_FLAGS = [
  '-O2',
  '-g0',
  '-fPIC',
  '-DNDEBUG',
  // As node-gyp defines it.
  '-DNODE_GYP_MODULE_NAME=hardstop',
  // Checks the locks that native/platform/thread_annotations.h lets the sources declare.
  '-Wthread-safety',
  // zig's driver adds flags of its own that ours override; it then warns about its own.
  '-Wno-unused-command-line-argument',
  // zig's driver would otherwise add traps for undefined behaviour.
  '-fno-sanitize=undefined',
  // A failed check in libc++'s headers ends the process without formatting a message first.
  '-D_LIBCPP_VERBOSE_ABORT(...)=__builtin_abort()',
];
const RUNTIME = 'native/runtime/light_cxx_runtime.cc';

/**
 * Compiles and links one binary. Paths that the compiler sees are relative to the package or mapped
 * away, so the bytes depend on the sources, the flags and the pinned compiler only.
 *
 * @param {import('./targets.js').Target} target
 * @param {import('./toolchain.js').Toolchain} toolchain
 * @param {string} output path of the binary
 * @returns {Promise<void>}
 */
export async function compile(target, toolchain, output) {
  const description = readBuildDescription(target.os);
  const sources = [...description.sources, RUNTIME];
  const objects = mkdtempSync(join(tmpdir(), 'hardstop-objects-'));
  mkdirSync(dirname(output), { recursive: true });

  const flags = [
    ...['-target', target.triple],
    ...description.cflags,
    ...description.cflags_cc,
    ...CXX_FLAGS,
    ...description.defines.map((define) => `-D${define}`),
    '-Inative',
    ...toolchain.includes.flatMap((folder) => ['-isystem', folder]),
    `-ffile-prefix-map=${dirname(toolchain.includes[0] ?? '')}=.`,
  ];
  /** @param {string} source */
  const objectOf = (source) => join(objects, `${source.replaceAll('/', '-')}.o`);
  /** @param {readonly string[]} args */
  const zig = (args) => run(toolchain.zig, args, toolchain.env);

  const queue = [...sources];
  const worker = async () => {
    for (let source = queue.shift(); source !== undefined; source = queue.shift()) {
      await zig(['c++', ...flags, '-c', source, '-o', objectOf(source)]);
    }
  };
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    // `zig cc`, not `zig c++`: the latter would link libc++.
    const link = ['cc', '-target', target.triple, '-shared', '-s', ...description.ldflags];
    await zig([...link, ...sources.map(objectOf), '-o', output]);
  } finally {
    rmSync(objects, { recursive: true, force: true });
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<void>}
 */
function run(command, args, env) {
  const child = spawn(command, args, { cwd: packageRoot, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')}\nended with ${code}:\n${output}`));
    });
  });
}

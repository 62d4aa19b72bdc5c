import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addon } from './binding.js';

/** The addon, or why it is not there. */
export type LoadResult =
  | { readonly addon: Addon; readonly path: string }
  | { readonly addon: undefined; readonly reason: Error };

let result: LoadResult | undefined;

/** Loads the addon once per thread; the only place that knows where it lives. Never throws. */
export function loadAddon(): LoadResult {
  result ??= load();
  return result;
}

function load(): LoadResult {
  if (process.env['HARDSTOP_DISABLE_NATIVE'] === '1') {
    return unavailable(new Error('The addon is switched off by HARDSTOP_DISABLE_NATIVE=1'));
  }
  let path: string | undefined;
  try {
    const require = createRequire(import.meta.url);
    path = findPrebuilt() ?? search(require);
    const addon = require(path) as Addon;
    if (addon.missing !== undefined) {
      return unavailable(
        new Error(`This runtime does not export ${addon.missing}, which the addon needs`),
      );
    }
    return { addon, path };
  } catch (error) {
    const why =
      path === undefined
        ? 'no prebuilt binary fits, and none was built here'
        : (String(error).split('\n', 1)[0] as string);
    return unavailable(new Error(`The addon could not be loaded: ${why}`, { cause: error }));
  }
}

/** Where the package is, seen from a single module of it and from a bundle. */
const ROOTS = ['../../', '../../../'];
/** What makes node-gyp-build take something else. */
const SETTINGS = ['HARDSTOP_PREBUILD', 'PREBUILDS_ONLY', 'LIBC', 'npm_config_arch'];

/**
 * What node-gyp-build's search, which takes 3 ms, comes to in the common case: the binary that comes with the package,
 * where no other was built.
 */
function findPrebuilt(): string | undefined {
  const { arch, env, platform, versions } = process;
  if (versions['electron'] !== undefined || SETTINGS.some((name) => env[name] !== undefined)) {
    return undefined;
  }
  const libc = existsSync('/etc/alpine-release') ? 'musl' : 'glibc';
  const name = platform === 'linux' ? `hardstop.${libc}.node` : 'hardstop.node';
  for (const folder of ROOTS) {
    const root = fileURLToPath(new URL(folder, import.meta.url));
    const path = `${root}prebuilds/${platform}-${arch}/${name}`;
    if (!existsSync(path)) continue;
    const isBuilt = existsSync(`${root}build/Release`) || existsSync(`${root}build/Debug`);
    return isBuilt ? undefined : path;
  }
  return undefined;
}

function search(require: NodeJS.Require): string {
  const nodeGypBuild = require('node-gyp-build') as { path(directory: string): string };
  // By its own name, which holds wherever a bundler has put this code.
  return nodeGypBuild.path(dirname(require.resolve('hardstop/package.json')));
}

function unavailable(reason: Error): LoadResult {
  return { addon: undefined, reason };
}

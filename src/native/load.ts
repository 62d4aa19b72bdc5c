import { createRequire } from 'node:module';
import { dirname } from 'node:path';
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
  try {
    const require = createRequire(import.meta.url);
    const nodeGypBuild = require('node-gyp-build') as { path(directory: string): string };
    // By its own name, which holds wherever a bundler has put this code.
    const path = nodeGypBuild.path(dirname(require.resolve('hardstop/package.json')));
    const addon = require(path) as Addon;
    if (addon.missing !== undefined) {
      return unavailable(
        new Error(`This runtime does not export ${addon.missing}, which the addon needs`),
      );
    }
    return { addon, path };
  } catch (error) {
    return unavailable(
      new Error('The addon could not be loaded: no prebuilt binary fits, and none was built here', {
        cause: error,
      }),
    );
  }
}

function unavailable(reason: Error): LoadResult {
  return { addon: undefined, reason };
}

// Joins what tsc has compiled into few files, because each file that Node has to find, read and link costs some 0.3 ms when
// the package is loaded. The declarations, the command line and the single modules stay where tsc put them.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../package-root.js';
import { builtinModulesPlugin } from './builtin-modules.js';

const dist = join(packageRoot, 'dist');
const outdir = join(dist, 'bundle');

rmSync(outdir, { recursive: true, force: true });
/** @type {import('esbuild').BuildOptions} */
const options = {
  absWorkingDir: packageRoot,
  chunkNames: 'chunks/[hash]',
  outdir,
  bundle: true,
  splitting: true,
  packages: 'external',
  plugins: [builtinModulesPlugin],
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // Stacks and docs name our functions; comments are in the sources.
  keepNames: false,
  legalComments: 'none',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
};
await build({
  ...options,
  // All at one depth, so that `new URL('../entry/worker.js', import.meta.url)` means the same from each.
  entryPoints: {
    'main/index': join(dist, 'index.js'),
    'main/regex': join(dist, 'regex.js'),
    'main/testing': join(dist, 'testing.js'),
    'entry/worker': join(dist, 'entry/worker.js'),
  },
});
// It has no state of its own to share: the flag is the process's. Apart it needs no file in common with the others.
await build({ ...options, entryPoints: { 'main/prompt': join(dist, 'prompt.js') } });

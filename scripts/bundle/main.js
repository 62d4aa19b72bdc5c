// Joins what tsc has compiled into few files, because each file that Node has to find, read and link costs some 0.3 ms when
// the package is loaded. The declarations, the command line and the single modules stay where tsc put them.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../package-root.js';

const dist = join(packageRoot, 'dist');
const outdir = join(dist, 'bundle');

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: packageRoot,
  // All at one depth, so that `new URL('../entry/worker.js', import.meta.url)` means the same from each.
  entryPoints: {
    'main/index': join(dist, 'index.js'),
    'main/prompt': join(dist, 'prompt.js'),
    'main/regex': join(dist, 'regex.js'),
    'entry/worker': join(dist, 'entry/worker.js'),
  },
  chunkNames: 'chunks/[hash]',
  outdir,
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // Stacks and docs name our functions; comments are in the sources.
  keepNames: false,
  legalComments: 'none',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
});

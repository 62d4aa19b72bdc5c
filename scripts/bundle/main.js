// Joins what tsc has compiled into few files, because each file that Node has to find, read and link costs some 0.3 ms when
// the package is loaded. The declarations, the command line and the single modules stay where tsc put them.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../package-root.js';
import { builtinModulesPlugin } from './builtin-modules.js';
import { buildWithLatePart } from './late-modules.js';
import { oneChunkPlugin } from './one-chunk.js';
import { unbundledCommandsPlugin } from './unbundled-commands.js';

const dist = join(packageRoot, 'dist');
const outdir = join(dist, 'bundle');

rmSync(outdir, { recursive: true, force: true });
const options = /** @satisfies {import('esbuild').BuildOptions} */ ({
  absWorkingDir: packageRoot,
  bundle: true,
  packages: 'external',
  // The manifest says that modules may be left out, for the bundlers of others.
  ignoreAnnotations: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // Stacks and docs name our functions; comments are in the sources. Lines stay short, because Node prints the one that an
  // uncaught error comes from.
  keepNames: false,
  minifyWhitespace: true,
  lineLimit: 160,
  legalComments: 'none',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
});
await buildWithLatePart(
  options,
  {
    outdir,
    chunkNames: 'chunks/[hash]',
    splitting: true,
    plugins: [
      oneChunkPlugin([
        ...['index.js', 'regex.js', 'testing.js'].map((file) => join(dist, file)),
        join(import.meta.dirname, 'late-without-addon.js'),
      ]),
      builtinModulesPlugin,
    ],
    // All at one depth, so that `new URL('../entry/worker.js', import.meta.url)` means the same from each.
    entryPoints: {
      'main/index': join(dist, 'index.js'),
      'main/regex': join(dist, 'regex.js'),
      'main/testing': join(dist, 'testing.js'),
      'entry/worker': join(dist, 'entry/worker.js'),
      'entry/process': join(dist, 'entry/process.js'),
      'entry/bridge': join(dist, 'entry/bridge.js'),
    },
  },
  join(outdir, 'main/late.cjs'),
);
// It has no state of its own to share: the flag is the process's. Apart it needs no file in common with the others.
await build({
  ...options,
  outdir,
  plugins: [builtinModulesPlugin],
  entryPoints: { 'main/prompt': join(dist, 'prompt.js') },
});
// The command line: a script, since Node starts those sooner than modules. What is loaded from it later is compiled there
// too, but evaluated then; the commands that measure the package load the unbundled modules.
await build({
  ...options,
  outdir,
  entryPoints: { 'cli/main': join(dist, 'cli/main.js') },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  sourcemap: false,
  plugins: [unbundledCommandsPlugin, builtinModulesPlugin],
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
});

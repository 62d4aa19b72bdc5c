// Makes the binaries of the package, prebuilds/, or checks them.
//
//   npm run prebuild                 compiles them, if the sources have changed, and writes prebuilds/manifest.json
//   npm run prebuild -- --force      compiles them in any case
//   npm run prebuild -- --check      compares sources, manifest and files; compiles nothing
//   npm run prebuild -- --verify     compiles again, from a cold cache, and compares every byte
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from './compile.js';
import { PREBUILDS, checkManifest, writeManifest } from './manifest.js';
import { hashNativeSources } from './source-hash.js';
import { TARGETS } from './targets.js';
import { prepareToolchain } from './toolchain.js';

const { values } = parseArgs({
  options: {
    check: { type: 'boolean' },
    force: { type: 'boolean' },
    verify: { type: 'boolean' },
  },
});

const wrong = await run().catch((/** @type {Error} */ error) => [error.message]);
for (const line of wrong) console.error(`prebuild: ${line}`);
if (wrong.length > 0) process.exitCode = 1;
else console.log(`prebuild: ${TARGETS.map(({ file }) => file).join(', ')} ok`);

/** @returns {Promise<string[]>} what is wrong */
async function run() {
  // npm runs this script before each `npm run build`: nothing is fetched or compiled without need.
  const upToDate = !values.force && checkManifest().length === 0;
  if (!values.check && !values.verify && !upToDate) await build();
  return [...checkManifest(), ...(values.verify ? await differences() : [])];
}

async function build() {
  const toolchain = prepareToolchain();
  // Before compiling: an edit that comes while the compiler runs must not be taken for what it
  // read.
  const sources = hashNativeSources();
  for (const target of TARGETS) await compile(target, toolchain, join(PREBUILDS, target.file));
  writeManifest(
    TARGETS.map(({ file }) => file),
    sources,
  );
}

/** @returns {Promise<string[]>} the binaries that a rebuild makes otherwise */
async function differences() {
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-prebuild-'));
  try {
    const toolchain = prepareToolchain({ cacheFolder: join(folder, 'zig-cache') });
    const different = [];
    for (const target of TARGETS) {
      const rebuilt = join(folder, target.file);
      await compile(target, toolchain, rebuilt);
      if (!readFileSync(rebuilt).equals(readFileSync(join(PREBUILDS, target.file)))) {
        different.push(`${target.file} differs from what the sources make now`);
      }
    }
    return different;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.js';
import { brokenRules } from './binary-rules.js';
import { hashNativeSources } from './source-hash.js';
import { compilerVersion } from './toolchain.js';

export const PREBUILDS = join(packageRoot, 'prebuilds');
const MANIFEST = join(PREBUILDS, 'manifest.json');

/**
 * @typedef {object} Manifest
 * @property {string} sources SHA-256 over the native sources that the binaries were made from
 * @property {string} compiler
 * @property {Record<string, { sha256: string, size: number }>} binaries by path below prebuilds/
 */

/** @returns {Manifest} */
export function readManifest() {
  return JSON.parse(readFileSync(MANIFEST, 'utf8'));
}

/**
 * Writes the manifest of binaries that lie in prebuilds/.
 *
 * @param {readonly string[]} files paths below prebuilds/
 * @param {string} sources the hash of what they were made from
 */
export function writeManifest(files, sources) {
  /** @type {Manifest} */
  const manifest = { sources, compiler: compilerVersion(), binaries: {} };
  for (const file of [...files].sort()) manifest.binaries[file] = describe(file);
  writeFileSync(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Compares the manifest with the native sources, the pinned compiler and the binaries, and the
 * binaries with their rules.
 *
 * @returns {string[]} what is wrong; empty when nothing is
 */
export function checkManifest() {
  if (!existsSync(MANIFEST)) return ['prebuilds/manifest.json is missing'];
  const manifest = readManifest();
  const wrong = [];
  if (manifest.sources !== hashNativeSources()) {
    wrong.push('the native sources changed after the binaries were made: run `npm run prebuild`');
  }
  if (manifest.compiler !== compilerVersion()) {
    wrong.push(`the binaries were made with ${manifest.compiler}, not ${compilerVersion()}`);
  }
  const listed = Object.keys(manifest.binaries).sort();
  const present = presentBinaries();
  for (const file of present) {
    if (!listed.includes(file)) wrong.push(`${file} is not in the manifest`);
  }
  for (const file of listed) {
    if (!present.includes(file)) {
      wrong.push(`${file} is missing`);
      continue;
    }
    const { sha256, size } = describe(file);
    const expected = manifest.binaries[file];
    if (expected?.sha256 !== sha256 || expected.size !== size) {
      wrong.push(`${file} is not the file that the manifest lists`);
    }
    for (const rule of brokenRules(readFileSync(join(PREBUILDS, file)))) {
      wrong.push(`${file} ${rule}`);
    }
  }
  return wrong;
}

/** @returns {string[]} */
function presentBinaries() {
  return readdirSync(PREBUILDS, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.node'))
    .sort();
}

/** @param {string} file */
function describe(file) {
  const bytes = readFileSync(join(PREBUILDS, file));
  return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

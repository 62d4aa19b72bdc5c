import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.js';

const NOT_IN_THE_BINARY = ['native/test/', 'native/bench/'];

/**
 * The files whose text decides what a prebuilt binary contains: the native sources and the build
 * description.
 *
 * @returns {string[]} relative to the package, sorted
 */
export function nativeSources() {
  const found = readdirSync(join(packageRoot, 'native'), { recursive: true, encoding: 'utf8' })
    .map((path) => `native/${path.replaceAll('\\', '/')}`)
    .filter((path) => /\.(cc|h|map)$/.test(path))
    .filter((path) => !NOT_IN_THE_BINARY.some((folder) => path.startsWith(folder)));
  return ['binding.gyp', ...found].sort();
}

/**
 * One hash over the paths and texts of the native sources.
 *
 * @returns {string} SHA-256, hexadecimal
 */
export function hashNativeSources() {
  const hash = createHash('sha256');
  for (const path of nativeSources()) {
    // Line ends as in the repository, whatever the checkout made of them.
    const text = readFileSync(join(packageRoot, path), 'utf8').replaceAll('\r\n', '\n');
    hash.update(`${path}\0${Buffer.byteLength(text)}\0${text}`);
  }
  return hash.digest('hex');
}

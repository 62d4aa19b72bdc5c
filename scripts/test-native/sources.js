import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.js';
import { readBuildDescription } from '../prebuild/build-description.js';

/** What binding.gyp says of this system. */
export const description = readBuildDescription(
  process.platform === 'darwin' ? 'mac' : process.platform === 'win32' ? 'win' : 'linux',
);

/** @returns {string[]} the sources that know no Node-API, so that a plain program can use them */
export function coreSources() {
  return description.sources.filter((source) => !usesNodeApi(source));
}

/** @returns {string[]} */
export function nativeTestSources() {
  const names = readdirSync(join(packageRoot, 'native/test')).sort();
  return names.filter((name) => name.endsWith('_test.cc')).map((name) => `native/test/${name}`);
}

/** @param {string} source */
function usesNodeApi(source) {
  const text = textWithHeaders(source, new Set());
  return /#include [<"](?:napi|node_api|js_native_api)/.test(text);
}

/**
 * The text of a source and of each of our own headers that it includes.
 *
 * @param {string} source
 * @param {Set<string>} seen
 * @returns {string}
 */
function textWithHeaders(source, seen) {
  const path = join(packageRoot, source);
  if (seen.has(source) || !existsSync(path)) return '';
  seen.add(source);
  const text = readFileSync(path, 'utf8');
  const headers = [...text.matchAll(/#include "([^"]+)"/g)].map(([, header]) => header);
  return [text, ...headers.map((header) => textWithHeaders(`native/${header}`, seen))].join('\n');
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.js';

/**
 * @typedef {object} BuildDescription
 * @property {string[]} sources relative to the package
 * @property {string[]} defines
 * @property {string[]} cflags
 * @property {string[]} cflags_cc
 * @property {string[]} ldflags
 */

/**
 * Reads what binding.gyp says about one system, so that the sources and flags of a build from
 * source and of a prebuilt binary are one list. Understands as much of the format as that file
 * uses: JSON, comment lines that begin with `#`, and conditions on `OS` alone.
 *
 * @param {'linux' | 'mac' | 'win'} os
 * @returns {BuildDescription}
 */
export function readBuildDescription(os) {
  const text = readFileSync(join(packageRoot, 'binding.gyp'), 'utf8').replace(/^\s*#.*$/gm, '');
  const target = JSON.parse(text).targets[0];
  const parts = [target];
  for (const [condition, then] of target.conditions) {
    if (condition === `OS=='${os}'`) parts.push(then);
  }
  if (parts.length !== 2) throw new Error(`binding.gyp: no condition OS=='${os}'`);

  /**
   * @param {keyof BuildDescription} list
   * @returns {string[]}
   */
  const collect = (list) =>
    parts
      .flatMap((part) => part[list] ?? [])
      .map((item) => item.replace('<(module_root_dir)/', ''));
  return {
    sources: collect('sources'),
    defines: collect('defines'),
    cflags: collect('cflags'),
    cflags_cc: collect('cflags_cc'),
    ldflags: collect('ldflags'),
  };
}

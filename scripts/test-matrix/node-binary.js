import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.js';

const cache = process.env['HARDSTOP_NODE_CACHE'] || join(packageRoot, '.cache/nodes');

/** The majors that every release is tested on. */
export const MAJORS = ['20', '22', '24', '26'];

/**
 * The newest Node of a major version, as npm's `node-<platform>-<arch>` package brings it. Fetched once, then kept in
 * .cache/nodes (or HARDSTOP_NODE_CACHE).
 *
 * @param {string} major
 * @returns {string} path of the binary
 */
export function nodeBinary(major) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cache, major);
  const binary = join(folder, 'node_modules', name, 'bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-save'];
  const npm = spawnSync('npm', ['install', ...flags, `${name}@${major}`], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (!existsSync(binary)) throw new Error(`npm install ${name}@${major} failed: ${npm.stderr}`);
  return binary;
}

/**
 * @param {string} binary
 * @returns {string} e.g. `24.21.0`
 */
export function nodeVersion(binary) {
  return spawnSync(binary, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim();
}

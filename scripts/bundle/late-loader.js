// Part of the bundle: loads what it leaves for later. See late-modules.js.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { uninterrupted } from '../../dist/strategy/uninterrupted.js';
import { registry } from './late-registry.js';

/** @type {Record<string, Record<string, (...args: unknown[]) => unknown>> | undefined} */
let loaded;

/** The late modules by name. Loaded whole, whatever deadline strikes meanwhile: a module that was cut stays broken. */
export function late() {
  if (loaded === undefined) uninterrupted(load);
  return /** @type {NonNullable<typeof loaded>} */ (loaded);
}

function load() {
  const require = createRequire(import.meta.url);
  const url = new URL('../main/late.cjs', import.meta.url);
  const path = fileURLToPath(url);
  let link = require(path);
  if (typeof link !== 'function') {
    // A `node:vm` timeout, which nothing holds off, has cut an earlier try.
    delete require.cache[path];
    link = require(path);
  }
  loaded = link(registry(), url.href);
}

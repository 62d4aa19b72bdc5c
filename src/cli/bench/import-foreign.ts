import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { UnavailableError } from './unavailable-error.js';

const { resolve } = createRequire(import.meta.url);

/** A package of others': it is no dependency of ours, and takes part where it is installed beside us. */
export async function importForeign(
  name: string,
): Promise<{ readonly module: unknown; readonly version: string }> {
  try {
    return { module: await import(name), version: versionOf(name) };
  } catch (error) {
    throw new UnavailableError(`not installed (npm install ${name})`, { cause: error });
  }
}

/** Looks for the manifest where the package would be found: not every package exports it. */
function versionOf(name: string): string {
  for (const folder of resolve.paths(name) ?? []) {
    try {
      const manifest = readFileSync(`${folder}/${name}/package.json`, 'utf8');
      return (JSON.parse(manifest) as { readonly version: string }).version;
    } catch {
      // Not in this one.
    }
  }
  throw new UnavailableError(`${name} has no manifest`);
}

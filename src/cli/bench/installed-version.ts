import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);

/** The version of a package that is installed beside us; `undefined`: none is. */
export function installedVersion(name: string): string | undefined {
  // Looked for where the package would be found: not every package exports its manifest.
  for (const folder of resolve.paths(name) ?? []) {
    try {
      const manifest = readFileSync(`${folder}/${name}/package.json`, 'utf8');
      return (JSON.parse(manifest) as { readonly version: string }).version;
    } catch {
      // Not in this one.
    }
  }
  return undefined;
}

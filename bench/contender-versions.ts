import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);

/** The versions of packages that are installed here, by name. */
export function installedVersions(...names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, versionOf(name)]));
}

function versionOf(name: string): string {
  // Not every package exports its manifest: it is looked for beside whatever is installed under that name.
  const folders = resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      const manifest = readFileSync(`${folder}/${name}/package.json`, 'utf8');
      return (JSON.parse(manifest) as { readonly version: string }).version;
    } catch {
      // Not in this one.
    }
  }
  throw new Error(`${name} is not installed`);
}

import { readFileSync } from 'node:fs';

/** The version of this copy of the package. */
export function packageVersion(): string {
  const url = new URL('../package.json', import.meta.url);
  const manifest = JSON.parse(readFileSync(url, 'utf8')) as { readonly version: string };
  return manifest.version;
}

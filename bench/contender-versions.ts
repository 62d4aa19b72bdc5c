import { readFileSync } from 'node:fs';

/** The version of p-timeout that is installed here. */
export function pTimeoutVersion(): string {
  const manifest = new URL('./package.json', import.meta.resolve('p-timeout'));
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}

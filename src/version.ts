import { createRequire } from 'node:module';

/** The version of this copy of the package. */
export function packageVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('hardstop/package.json') as { readonly version: string }).version;
}

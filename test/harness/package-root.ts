import { fileURLToPath } from 'node:url';

/** The folder of package.json, seen from build/test/harness/. */
export const packageRoot: string = fileURLToPath(new URL('../../../', import.meta.url));

// Removes what the builds have made. Fetched Node binaries (.cache/) stay.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.js';

for (const folder of ['dist', 'build']) {
  rmSync(join(packageRoot, folder), { recursive: true, force: true });
}

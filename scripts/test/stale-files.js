import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.js';

const COMPILED = /\.(?:d\.)?([cm]?)[jt]s(?:\.map)?$/;

/** Removes from build/ what was compiled from sources that are there no more, lest deleted tests run on. */
export function removeStaleFiles() {
  for (const folder of ['test', 'bench', 'examples']) {
    const output = join(packageRoot, 'build', folder);
    if (!existsSync(output)) continue;
    for (const name of readdirSync(output, { recursive: true, encoding: 'utf8' })) {
      const source = join(packageRoot, folder, name.replace(COMPILED, '.$1ts'));
      if (COMPILED.test(name) && !existsSync(source)) rmSync(join(output, name));
    }
  }
}

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../harness/package-root.js';

interface Target {
  readonly types: string;
  readonly default: string;
}

const { exports: exportsMap } = JSON.parse(
  readFileSync(join(packageRoot, 'package.json'), 'utf8'),
) as { exports: Record<string, string | Target> };

const subPaths = Object.entries(exportsMap).flatMap(([path, target]) =>
  typeof target === 'string' ? [] : [{ name: path.replace('.', 'hardstop'), target }],
);

for (const { name, target } of subPaths) {
  test(`${name} has code and types`, (t) => {
    t.true(existsSync(join(packageRoot, target.default)));
    t.true(existsSync(join(packageRoot, target.types)));
    t.is(Object.keys(target)[0], 'types', 'resolvers take the first condition that fits');
  });

  test(`${name} has named exports only`, async (t) => {
    const module = (await import(name)) as object;
    t.false('default' in module);
  });
}

test('nothing beside the listed paths can be imported', async (t) => {
  for (const path of ['hardstop/dist/index.js', 'hardstop/core/timeout.js', 'hardstop/errors']) {
    await t.throwsAsync(import(path), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }, path);
  }
});

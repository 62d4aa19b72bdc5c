import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { capabilities } from 'hardstop';
import { nativeTest } from '../harness/native-test.js';
import { packageRoot } from '../harness/package-root.js';
import { runSource } from '../harness/run-fixture.js';

const search = createRequire(import.meta.url)('node-gyp-build') as {
  path(directory: string): string;
};

nativeTest('the addon is the one that node-gyp-build finds', (t) => {
  t.is(capabilities().addon?.path, search.path(packageRoot));
});

nativeTest('so it is where the environment names another folder', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-prebuild-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  const file = search.path(packageRoot);
  const place = join('prebuilds', `${process.platform}-${process.arch}`);
  mkdirSync(join(folder, place), { recursive: true });
  cpSync(file, join(folder, place, basename(file)));
  const child = await runSource(
    `import { capabilities } from 'hardstop'; console.log(capabilities().addon?.path);`,
    { env: { HARDSTOP_PREBUILD: folder } },
  );
  t.is(relative(folder, child.stdout.trim()), join(place, basename(file)), child.stderr);
});

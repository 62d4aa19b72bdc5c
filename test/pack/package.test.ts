import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { packageRoot } from '../harness/package-root.js';

interface PackedFile {
  readonly path: string;
  readonly size: number;
}

const packed = packedFiles();

for (const path of [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'dist/bundle/main/index.js',
  'dist/bundle/main/late.cjs',
  'dist/index.d.ts',
  'dist/bundle/cli/main.cjs',
  'binding.gyp',
  'native/addon.cc',
  'prebuilds/manifest.json',
  'prebuilds/linux-x64/hardstop.glibc.node',
]) {
  test(`the package holds ${path}`, async (t) => {
    t.true((await packed).some((file) => file.path === path));
  });
}

test('the package holds no tests, caches or tools', async (t) => {
  const allowed =
    /^(?:dist|docs|src|native|prebuilds)\/|^[A-Z]+(?:\.md)?$|^package\.json$|^binding\.gyp$/;
  const refused = /tsbuildinfo|tsconfig|\.o$|^native\/(?:test|bench)\//;
  const strangers = (await packed).filter(({ path }) => !allowed.test(path) || refused.test(path));
  t.deepEqual(strangers, []);
});

test('the package stays small', async (t) => {
  const size = (await packed).reduce((sum, file) => sum + file.size, 0);
  t.true(size < 2_700_000, `${size} bytes unpacked`);
});

test('the package as it is published has all that its commands need', async (t) => {
  // A busy machine needs a minute for the bench alone.
  t.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), 'hardstop-packed-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  const run = promisify(execFile);
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
    {
      cwd: packageRoot,
    },
  );
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await run('tar', ['xzf', filename], { cwd: folder });
  for (const args of [
    ['doctor'],
    ['run', '60', process.execPath, '--version'],
    ['bench', '--iterations', '1', '--timeout', '1'],
  ]) {
    const { stdout: printed } = await run(process.execPath, [
      join(folder, 'package/dist/bundle/cli/main.cjs'),
      ...args,
    ]);
    t.not(printed, '', args[0]);
  }
});

test('few packages come with it, and all of them are pinned for those who work on it', (t) => {
  const manifest = readJson('package.json') as { dependencies: Record<string, string> };
  t.deepEqual(Object.keys(manifest.dependencies), ['node-addon-api', 'node-gyp-build']);

  const lock = readJson('package-lock.json') as {
    packages: Record<string, { integrity?: string; resolved?: string }>;
  };
  for (const [path, { integrity, resolved }] of Object.entries(lock.packages)) {
    if (path === '') continue;
    t.is(typeof integrity, 'string', `${path} is not pinned by its content`);
    t.is(resolved, undefined, `${path} names a registry`);
  }
});

async function packedFiles(): Promise<readonly PackedFile[]> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: packageRoot });
  const [report] = JSON.parse(stdout) as [{ files: PackedFile[] }];
  return report.files;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(packageRoot, path), 'utf8'));
}

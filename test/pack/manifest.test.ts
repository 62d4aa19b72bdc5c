// The committed binaries must be those that the committed sources make. (That they are, byte for
// byte, takes the compiler: `npm run prebuild -- --verify`. What can be known without one is
// checked here.)
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { packageRoot } from '../harness/package-root.js';

const BINARY = 'prebuilds/linux-x64/hardstop.glibc.node';
/** What the check reads, and what it consists of. */
const CHECKED = ['package.json', 'binding.gyp', 'native', 'prebuilds', 'scripts'];

const binary = readFileSync(join(packageRoot, BINARY));

/** Runs the check on a package folder; resolves with its complaints. */
async function check(folder: string): Promise<string[]> {
  const main = join(folder, 'scripts/prebuild/main.js');
  try {
    await promisify(execFile)(process.execPath, [main, '--check']);
    return [];
  } catch (error) {
    return (error as { stderr: string }).stderr.trim().split('\n');
  }
}

/** A copy of the package that a test may spoil. */
function copyOfPackage(t: ExecutionContext): string {
  const copy = mkdtempSync(join(tmpdir(), 'hardstop-manifest-'));
  t.teardown(() => {
    rmSync(copy, { recursive: true, force: true });
  });
  for (const path of CHECKED)
    cpSync(join(packageRoot, path), join(copy, path), { recursive: true });
  return copy;
}

/** The binary with some of its bytes replaced by as many others. */
function withBytes(from: string, to: string): Buffer {
  const spoilt = Buffer.from(binary);
  const at = spoilt.indexOf(`${from}\0`);
  if (at < 0 || from.length !== to.length) throw new Error(`cannot replace ${from}`);
  spoilt.write(to, at, 'latin1');
  return spoilt;
}

interface BinaryRules {
  brokenRules(file: Buffer): string[];
}

interface BuildDescriptions {
  readBuildDescription(os: string): { readonly sources: string[] };
}

/** Loads a module of scripts/, which is outside of what the tests are compiled with. */
async function script<T>(path: string): Promise<T> {
  return (await import(pathToFileURL(join(packageRoot, 'scripts', path)).href)) as T;
}

test('sources, manifest and binaries belong together', async (t) => {
  t.deepEqual(await check(packageRoot), []);
});

for (const path of ['native/watchdog.cc', 'native/platform/mutex.h', 'binding.gyp']) {
  test(`a change of ${path} after the build is found`, async (t) => {
    const copy = copyOfPackage(t);
    const text = readFileSync(join(copy, path), 'utf8');
    writeFileSync(
      join(copy, path),
      path.endsWith('.gyp') ? `# changed\n${text}` : `${text}// changed\n`,
    );
    const [complaint = '', ...rest] = await check(copy);
    t.regex(complaint, /native sources changed/);
    t.deepEqual(rest, []);
  });
}

test('a change of a C++ unit test or benchmark needs no new build', async (t) => {
  const copy = copyOfPackage(t);
  writeFileSync(join(copy, 'native/test/new_test.cc'), '// new\n');
  writeFileSync(join(copy, 'native/bench/new_bench.cc'), '// new\n');
  t.deepEqual(await check(copy), []);
});

test('a changed byte of a binary is found', async (t) => {
  const copy = copyOfPackage(t);
  const spoilt = Buffer.from(binary);
  spoilt[spoilt.length - 1] = ~(spoilt.at(-1) ?? 0) & 0xff;
  writeFileSync(join(copy, BINARY), spoilt);
  t.regex((await check(copy)).join('\n'), /is not the file that the manifest lists/);
});

test('a binary that nobody listed, or that is missing, is found', async (t) => {
  const copy = copyOfPackage(t);
  cpSync(join(copy, BINARY), join(copy, 'prebuilds/linux-x64/hardstop.node'));
  rmSync(join(copy, BINARY));
  const complaints = (await check(copy)).join('\n');
  t.regex(complaints, /linux-x64\/hardstop\.node is not in the manifest/);
  t.regex(complaints, /linux-x64\/hardstop\.glibc\.node is missing/);
});

test('a binary breaks the rules if it needs or exports too much', async (t) => {
  const { brokenRules } = await script<BinaryRules>('prebuild/binary-rules.js');
  t.deepEqual(brokenRules(binary), []);
  t.deepEqual(brokenRules(withBytes('libdl.so.2', 'libxx.so.6')), ['needs the library libxx.so.6']);
  t.deepEqual(brokenRules(withBytes('GLIBC_2.17', 'GLIBC_2.29')), [
    'needs GLIBC_2.29, beyond GLIBC_2.28',
  ]);
  t.deepEqual(brokenRules(withBytes('napi_register_module_v1', 'xapi_register_module_v1')), [
    'exports xapi_register_module_v1',
    'is not a Node-API addon',
  ]);
  t.throws(() => brokenRules(Buffer.from('MZ')), { message: 'not an ELF file' });
});

for (const [os, folders] of [
  ['linux', ['native', 'native/process', 'native/platform/linux', 'native/platform/posix']],
  [
    'mac',
    [
      'native',
      'native/process',
      'native/platform/darwin',
      'native/platform/posix',
      'native/platform/suspension',
    ],
  ],
  ['win', ['native', 'native/process', 'native/platform/suspension', 'native/platform/win32']],
] as const) {
  test(`binding.gyp lists every source for ${os}`, async (t) => {
    const { readBuildDescription } = await script<BuildDescriptions>(
      'prebuild/build-description.js',
    );
    const present = folders.flatMap((folder) =>
      readdirSync(join(packageRoot, folder))
        .filter((name) => name.endsWith('.cc'))
        .map((name) => `${folder}/${name}`),
    );
    t.deepEqual([...readBuildDescription(os).sources].sort(), present.sort());
  });
}

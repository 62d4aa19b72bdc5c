// The suite, or the files given, with an addon built for a sanitizer; then the C++ unit tests built for it.
//
//   node scripts/sanitizers/main.js asan|tsan [compiled test files]
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runNativeTests } from '../test-native/native-tests.js';
import { findCompiler } from '../test-native/compiler.js';
import { packageRoot } from '../package-root.js';
import { runAva } from '../test/ava.js';
import { report } from '../test/totals.js';
import { buildInstrumentedAddon, runtimeLibrary } from './instrumented-addon.js';
import { ourReports } from './reports.js';

const DEFAULT_FILES = ['build/test/{api,native,semantics,strategy}/**/*.test.js'];

/** @type {Record<string, { flags: string[], library: string, env: (log: string) => Record<string, string> }>} */
const SANITIZERS = {
  asan: {
    flags: ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
    library: 'libasan.so',
    // Leaks are judged by ourReports(), not by the exit code: Node's own are among them.
    env: (log) => ({
      ASAN_OPTIONS: `detect_leaks=1:exitcode=99:log_path=${log}`,
      LSAN_OPTIONS: 'exitcode=0',
      UBSAN_OPTIONS: `print_stacktrace=1:log_path=${log}`,
    }),
  },
  tsan: {
    flags: ['-fsanitize=thread'],
    library: 'libtsan.so',
    // Node itself is not instrumented: what only happens inside it cannot be judged.
    env: (log) => ({
      TSAN_OPTIONS: `ignore_noninstrumented_modules=1:exitcode=66:log_path=${log}`,
    }),
  },
};

const [name = '', ...files] = process.argv.slice(2);
const sanitizer = SANITIZERS[name];
if (!sanitizer) throw new Error(`Expected one of ${Object.keys(SANITIZERS).join(', ')}`);

const compiler = findCompiler();
if (!compiler) {
  console.log(`- [skip] ${name}: no C++ compiler here`);
  process.exit(0);
}
const addon = buildInstrumentedAddon(compiler, name, sanitizer.flags);
const logs = join(packageRoot, 'build', name, 'logs');
rmSync(logs, { recursive: true, force: true });
mkdirSync(logs, { recursive: true });

const env = {
  ...sanitizer.env(join(logs, 'report')),
  LD_PRELOAD: runtimeLibrary(compiler, sanitizer.library),
  HARDSTOP_PREBUILD: addon,
  HARDSTOP_TEST_FAST: '1',
  HARDSTOP_TEST_SANITIZER: name,
};
const suite = await runAva({
  args: ['--timeout=5m', ...(files.length > 0 ? files : DEFAULT_FILES)],
  env,
});
report(`ava, ${name}`, suite);

const unit = await runNativeTests({ flags: sanitizer.flags, folder: name });
report(`C++ unit tests, ${name}`, unit);

const reports = ourReports(logs);
for (const text of reports) console.error(text);
report(`${name} reports`, {
  passed: reports.length === 0 ? 1 : 0,
  failed: reports.length,
  skipped: 0,
});
process.exitCode = suite.failed + unit.failed + reports.length > 0 ? 1 : 0;

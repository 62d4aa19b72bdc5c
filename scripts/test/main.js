// The suite: ava with the addon, ava without it, and the C++ unit tests where there is a compiler.
// Arguments go to ava (files, --match=…); --verbose lists passing tests too.
import { NONE, add, format, report } from './totals.js';
import { runAva } from './ava.js';
import { runNativeTests } from '../test-native/native-tests.js';

const args = process.argv.slice(2).filter((arg) => arg !== '--verbose');
const verbose = process.argv.includes('--verbose');

const runners = {
  'ava, with the addon': () => runAva({ args, verbose, env: { HARDSTOP_DISABLE_NATIVE: '' } }),
  // What is repeated very often runs with the addon, on both strategies: here a tenth of that will do.
  'ava, without the addon': () =>
    runAva({ args, verbose, env: { HARDSTOP_DISABLE_NATIVE: '1', HARDSTOP_TEST_FAST: '1' } }),
  ...(args.length === 0 && { 'C++ unit tests': () => runNativeTests({}) }),
};

let total = NONE;
for (const [name, run] of Object.entries(runners)) {
  console.log(`\n== ${name}`);
  const totals = await run();
  report(name, totals);
  total = add(total, totals);
}
console.log(`\nTotal: ${format(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;

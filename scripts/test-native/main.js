// The C++ unit tests alone. Further compiler flags may be given as arguments.
import { report } from '../test/totals.js';
import { runNativeTests } from './native-tests.js';

const totals = await runNativeTests({ flags: process.argv.slice(2) });
report('C++ unit tests', totals);
process.exitCode = totals.failed > 0 ? 1 : 0;

// The end of .ci/run: the totals of every runner, then their sum as the last line.
import { readTotals } from './read-totals.js';
import { NONE, add, format } from '../test/totals.js';

const all = readTotals();
console.log('\n==== Totals');
for (const totals of all) console.log(`${totals.runner}: ${format(totals)}`);

const { passed, failed } = all.reduce(add, NONE);
const missing = passed === 0 && failed === 0 ? 1 : 0;
console.log(`${passed} passed, ${failed + missing} failed`);
process.exitCode = failed + missing > 0 ? 1 : 0;

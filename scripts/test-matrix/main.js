// The suite on every supported Node major, all with the one addon that is here.
//
//   npm run test:matrix -- [--only 24[,26]] [--fast] [--verbose] [ava's arguments]
//
// --fast: the tests that repeat an operation very often repeat it less.
import { parseArgs } from 'node:util';
import { runAva } from '../test/ava.js';
import { report } from '../test/totals.js';
import { MAJORS, nodeBinary, nodeVersion } from './node-binary.js';

const { values, positionals } = parseArgs({
  options: {
    only: { type: 'string', default: MAJORS.join(',') },
    fast: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

/** @type {Record<string, string>[]} */
const table = [];
for (const major of values.only.split(',')) {
  const node = nodeBinary(major);
  const version = nodeVersion(node);
  console.log(`\n== Node ${version}`);
  const start = performance.now();
  const env = { HARDSTOP_DISABLE_NATIVE: '', ...(values.fast && { HARDSTOP_TEST_FAST: '1' }) };
  const totals = await runAva({ node, env, args: positionals, verbose: values.verbose });
  report(`ava, Node ${version}`, totals);
  if (totals.failed > 0) process.exitCode = 1;
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  table.push({
    node: version,
    passed: String(totals.passed),
    failed: String(totals.failed),
    skipped: String(totals.skipped),
    seconds,
  });
}
console.table(table);

// test/soak/: what repeats one thing for minutes.
//
//   npm run test:soak -- [--only 24[,26]] [ava's arguments]
import { parseArgs } from 'node:util';
import { runAva } from '../test/ava.js';
import { report } from '../test/totals.js';
import { nodeBinary, nodeVersion } from '../test-matrix/node-binary.js';

const { values, positionals } = parseArgs({
  options: { only: { type: 'string' } },
  allowPositionals: true,
});

const binaries = values.only?.split(',').map(nodeBinary) ?? [process.execPath];
for (const node of binaries) {
  const args = ['--config', 'ava.soak.config.js', ...positionals];
  const totals = await runAva({ node, args, verbose: true });
  report(`soak, Node ${nodeVersion(node)}`, totals);
  if (totals.failed > 0) process.exitCode = 1;
}

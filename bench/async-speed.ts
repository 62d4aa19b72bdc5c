// What the project promises of asynchronous work, measured in one run:
// `npm run bench:async -- [--node PATH]... [--rounds COUNT] [--json FILE]`.
import { parseArgs } from 'node:util';
import { installedVersions } from './contender-versions.js';
import { measureAsyncNode } from './measure-async-node.js';
import { reportFigures } from './report-figures.js';
import type { Figure } from './figure.js';

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [process.execPath] },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
});

async function measure(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const node of values.node) {
    figures.push(...(await measureAsyncNode(node, Number(values.rounds))));
  }
  return figures;
}

await reportFigures(measure, {
  json: values.json,
  versions: installedVersions('p-timeout'),
});

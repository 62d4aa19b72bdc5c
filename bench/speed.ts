// The figures that the project promises, measured in one run: `npm run bench -- [--node PATH]... [--json FILE]`.
import { parseArgs } from 'node:util';
import { measureNode } from './measure-node.js';
import { reportFigures } from './report-figures.js';
import type { Figure } from './figure.js';

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [process.execPath] },
    iterations: { type: 'string', default: '200' },
    json: { type: 'string' },
  },
});

async function measure(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const node of values.node) {
    figures.push(...(await measureNode(node, Number(values.iterations))));
  }
  return figures;
}

await reportFigures(measure, { json: values.json });

// What the project promises of workers and processes, measured in one run:
// `npm run bench:isolation -- [--node PATH]... [--rounds COUNT] [--json FILE]`.
import { parseArgs } from 'node:util';
import { installedVersions } from './contender-versions.js';
import type { Figure } from './figure.js';
import { measureIsolation } from './measure-isolation.js';
import { reportFigures } from './report-figures.js';

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [process.execPath] },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});

async function measure(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const node of values.node) {
    figures.push(...(await measureIsolation(node, Number(values.rounds))));
  }
  return figures;
}

await reportFigures(measure, {
  json: values.json,
  versions: installedVersions('piscina', 'tinypool', 'workerpool'),
});

// The figures that the project promises, measured in one run: `npm run bench -- [--node PATH]... [--json FILE]`.
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { describeMachine } from '#internal/cli/machine.js';
import { packageVersion } from '#internal/version.js';
import { formatTable } from '#internal/cli/text-table.js';
import { measureNode } from './measure-node.js';
import type { Figure } from './figure.js';

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [process.execPath] },
    iterations: { type: 'string', default: '200' },
    json: { type: 'string' },
  },
});

const [loadAverage = 0] = loadavg();
const figures: Figure[] = [];
for (const node of values.node) {
  figures.push(...(await measureNode(node, Number(values.iterations))));
}

if (values.json !== undefined) {
  const report = {
    hardstop: packageVersion(),
    measuredAt: new Date().toISOString(),
    machine: describeMachine(),
    loadAverage,
    figures,
  };
  await writeFile(values.json, `${JSON.stringify(report, null, 1)}\n`);
}
process.stdout.write(`Load average before the first trial: ${loadAverage.toFixed(1)}\n\n`);
process.stdout.write(
  formatTable(
    [
      { title: 'Node', align: 'left' },
      { title: 'what', align: 'left' },
      { title: 'figure', align: 'right' },
      { title: 'bar', align: 'right' },
      { title: '', align: 'left' },
    ],
    figures.map(({ node, what, value, unit, bar, holds }) => [
      node,
      what,
      `${formatValue(value)} ${unit}`,
      bar,
      holds === undefined ? '' : holds ? 'holds' : 'MISSED',
    ]),
  ),
);

function formatValue(value: number): string {
  return value.toFixed(value < 1 ? 3 : value < 100 ? 2 : 0);
}

import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { describeMachine } from '#internal/cli/machine.js';
import { packageVersion } from '#internal/version.js';
import { formatTable } from '#internal/cli/text-table.js';
import type { Figure } from './figure.js';

export interface ReportOptions {
  /** Where the figures are written as JSON too. */
  readonly json: string | undefined;
  /** What was measured beside us, by name. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** Measures, then prints the figures beside their bars. */
export async function reportFigures(
  measure: () => Promise<readonly Figure[]>,
  { json, versions }: ReportOptions,
): Promise<void> {
  const [loadAverage = 0] = loadavg();
  const figures = await measure();
  if (json !== undefined) {
    const report = {
      hardstop: packageVersion(),
      ...versions,
      measuredAt: new Date().toISOString(),
      machine: describeMachine(),
      loadAverage,
      figures,
    };
    await writeFile(json, `${JSON.stringify(report, null, 1)}\n`);
  }
  process.stdout.write(`Load average before the first trial: ${loadAverage.toFixed(1)}\n`);
  for (const [name, version] of Object.entries(versions ?? {})) {
    process.stdout.write(`${name} ${version}\n`);
  }
  process.stdout.write('\n');
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
}

function formatValue(value: number): string {
  return value.toFixed(Math.abs(value) < 1 ? 3 : Math.abs(value) < 100 ? 2 : 0);
}

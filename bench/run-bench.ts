import { parseArgs } from 'node:util';
import { installedVersion } from '#internal/cli/bench/installed-version.js';
import type { Figure } from './figure.js';
import { reportFigures } from './report-figures.js';

/** What is measured of one Node, and how often. */
export interface Bench {
  /** The option that says how often, */
  readonly count: 'iterations' | 'rounds';
  /** and what it is where it is left out. */
  readonly usually: number;
  readonly measure: (node: string, count: number) => Promise<readonly Figure[]>;
  /** The packages that are measured beside us. */
  readonly contenders?: readonly string[];
}

/** The program of a benchmark: takes the options from the command line, measures one Node after the other, and reports. */
export async function runBench({ count, usually, measure, contenders = [] }: Bench): Promise<void> {
  const { values } = parseArgs({
    options: {
      node: { type: 'string', multiple: true, default: [process.execPath] },
      [count]: { type: 'string', default: String(usually) },
      json: { type: 'string' },
    },
  });
  const nodes = values.node as readonly string[];
  await reportFigures(
    async () => {
      const figures: Figure[] = [];
      for (const node of nodes) figures.push(...(await measure(node, Number(values[count]))));
      return figures;
    },
    {
      json: values.json as string | undefined,
      versions: Object.fromEntries(
        contenders.map((name) => [name, installedVersion(name) ?? 'not installed']),
      ),
    },
  );
}

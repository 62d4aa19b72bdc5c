import { parseOptions } from '../command-line.js';
import { formatReport } from './format-report.js';
import { examine } from './report.js';

const UNHEALTHY_STATUS = 1;

/** `hardstop doctor`: what works on this machine, what does not, and why. */
export function run(args: readonly string[]): Promise<number> {
  const { json } = parseOptions(args, { json: { type: 'boolean', default: false } });
  const report = examine();
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
  return Promise.resolve(report.ok ? 0 : UNHEALTHY_STATUS);
}

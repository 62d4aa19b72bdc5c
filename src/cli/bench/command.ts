import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseOptions, parsePositiveInteger } from '../command-line.js';
import { describeMachine } from '../machine.js';
import { packageVersion } from '../../version.js';
import { UsageError } from '../usage-error.js';
import { contenders } from './contenders.js';
import { formatReport } from './format-report.js';
import { measureContender } from './measure-contender.js';
import { REPORT_SCHEMA, type Report, type ReportRow } from './report.js';

const DEFAULT_ITERATIONS = '200';
/** Whole milliseconds, since `node:vm` and what builds on it take no others. */
const DEFAULT_TIMEOUT_MS = '10';

/** `hardstop bench`: how late each strategy and its rivals stop a loop here, and what a call in time costs. */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args, {
    iterations: { type: 'string', default: DEFAULT_ITERATIONS },
    timeout: { type: 'string', default: DEFAULT_TIMEOUT_MS },
    json: { type: 'string' },
  });
  const iterations = parsePositiveInteger('iterations', options.iterations);
  const timeout = parsePositiveInteger('timeout', options.timeout);
  if (options.json === '') throw new UsageError('--json needs the name of a file');

  const [loadAverage = 0] = loadavg();
  const rows: ReportRow[] = [];
  for (const contender of contenders) {
    showProgress(`measuring ${contender.name}`);
    rows.push(await measureContender(contender, { iterations, timeout }));
  }
  showProgress('');
  const report: Report = {
    schema: REPORT_SCHEMA,
    hardstop: packageVersion(),
    measuredAt: new Date().toISOString(),
    machine: describeMachine(),
    loadAverage,
    nodeFlags: process.execArgv,
    iterations,
    timeoutMs: timeout,
    rows,
  };
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify(report, null, 1)}\n`);
  }
  process.stdout.write(formatReport(report));
  return 0;
}

/** One line that overwrites itself, for people only. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

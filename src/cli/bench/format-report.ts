import { formatMicroseconds, formatTable, type Column } from '../text-table.js';
import type { Measured, Report, ReportRow } from './report.js';

const columns: readonly Column[] = [
  { title: '', align: 'left' },
  { title: 'stopped: p50', align: 'right' },
  { title: 'p90', align: 'right' },
  { title: 'p99', align: 'right' },
  { title: 'max', align: 'right' },
  { title: 'caught: p50', align: 'right' },
  { title: 'p90', align: 'right' },
  { title: 'p99', align: 'right' },
  { title: 'max', align: 'right' },
  { title: 'in time: p50', align: 'right' },
  { title: 'min', align: 'right' },
];

/** From this share of the cores on, lateness tells more about the scheduler than about the contenders. */
const BUSY_SHARE = 0.5;

/** The report as a table for a terminal, with what the reader needs to judge it. */
export function formatReport(report: Report): string {
  const { machine } = report;
  const flags = report.nodeFlags.length === 0 ? '' : ` ${report.nodeFlags.join(' ')}`;
  return [
    `hardstop ${report.hardstop}, Node ${machine.node}${flags} (V8 ${machine.v8})`,
    `${machine.platform} ${machine.osRelease} ${machine.arch}, ${String(machine.cores)} x ${machine.cpu}`,
    `endless loop, limit ${String(report.timeoutMs)} ms, ${String(report.iterations)} times; all figures in microseconds`,
    ...formatLoad(report),
    '',
    formatTable(columns, report.rows.map(formatRow)),
    ...report.rows.map(formatNote),
    '',
    'stopped: from the limit until the work runs no more, as our errors tell it (elapsed - timeout); the others tell nothing',
    'caught: from the limit until the caller has caught its error, measured from outside',
    'in time: a call whose work ends at once',
    '',
  ].join('\n');
}

function formatLoad({ loadAverage, machine }: Report): readonly string[] {
  if (loadAverage < BUSY_SHARE * machine.cores) return [];
  return [
    `NOTE: the machine was busy before this began (load average ${loadAverage.toFixed(1)}); lateness shows its scheduler`,
  ];
}

function formatRow({ contender, stoppedUs, caughtUs, costUs }: ReportRow): readonly string[] {
  const figures = [...lateness(stoppedUs), ...lateness(caughtUs), costUs?.p50, costUs?.min];
  return [
    contender,
    ...figures.map((figure) => (figure === undefined ? '-' : formatMicroseconds(figure))),
  ];
}

function lateness(measured: Measured | undefined): readonly (number | undefined)[] {
  return [measured?.p50, measured?.p90, measured?.p99, measured?.max];
}

function formatNote({ contender, description, version, unavailable }: ReportRow): string {
  const subject = version === undefined ? contender : `${contender} ${version}`;
  const reason = unavailable === undefined ? '' : `; not measured: ${unavailable}`;
  return `${subject}: ${description}${reason}`;
}

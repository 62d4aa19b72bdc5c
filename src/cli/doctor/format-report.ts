import type { DoctorReport } from './report.js';
import type { SelfCheck } from './self-check.js';

const LABEL_WIDTH = 13;

/** The report for a person: one subject a line, and under "no" always the reason. */
export function formatReport(report: DoctorReport): string {
  const { machine, capabilities, nativeErrors } = report;
  const { strategies, prompt, addon } = capabilities;
  const lines = [
    entry('hardstop', report.hardstop),
    entry('Node', [machine.node, `(V8 ${machine.v8})`, ...report.nodeFlags].join(' ')),
    entry(
      'machine',
      `${machine.platform} ${machine.osRelease} ${machine.arch}, ${String(machine.cores)} x ${machine.cpu}`,
    ),
    ...Object.entries(report.environment).map(([name, value]) => entry('set', `${name}=${value}`)),
    '',
    'Strategies',
    ...Object.entries(strategies).map(([name, { available, reason }]) =>
      entry(`  ${name}`, `${available ? 'yes' : 'no '}  ${reason}`),
    ),
    ...nativeErrors.slice(1).map((message) => entry('', `     because: ${firstLine(message)}`)),
    entry('  automatic', `${capabilities.automatic} is what runSync takes`),
    '',
    'Hard stops',
    entry('  addon', addon === undefined ? 'none' : `${addon.version}  ${addon.path}`),
    entry('  prompt', `${prompt.prompt ? 'yes' : 'no '}  by ${prompt.by}: ${prompt.reason}`),
    entry('  signal', describeSignal(capabilities.signalNumber)),
    entry('  spinning', capabilities.spins ? 'on: the last microseconds of a limit' : 'off'),
    entry(
      '  resolution',
      `limits in steps of ${formatStep(capabilities.resolution.timerMs)}; the clock was seen to step by ${String(report.clockStepNs)} ns`,
    ),
    '',
    'Self-check',
    ...report.selfChecks.map(formatCheck),
    '',
    report.ok
      ? 'Synchronous code is stopped on time here.'
      : 'Synchronous code is NOT stopped on time here; see the lines above.',
  ];
  return `${lines.join('\n')}\n`;
}

function entry(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)}  ${text}`;
}

function describeSignal(number: number): string {
  return number === 0
    ? 'none: blocking reads and blind loops cannot be woken'
    : `${String(number)}, for threads in a blocking read or a blind loop (HARDSTOP_SIGNAL changes it)`;
}

function formatStep(ms: number): string {
  return ms < 1 ? `${String(Math.round(ms * 1e6))} ns` : `${String(ms)} ms`;
}

function formatCheck(check: SelfCheck): string {
  const verdict = check.passed ? 'passed' : 'FAILED';
  if (check.latenessMs === undefined) {
    return entry(`  ${check.name}`, `${verdict}  ${check.failure ?? ''}`);
  }
  const { timeoutMs, latenessMs, strategy, stage, stuck } = check;
  const where = stuck === undefined ? '' : `, stuck ${stuck}`;
  return entry(
    `  ${check.name}`,
    `${verdict}  limit ${String(timeoutMs)} ms, ${latenessMs.toFixed(3)} ms late (${strategy ?? ''}, ${stage ?? ''})${where}`,
  );
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}

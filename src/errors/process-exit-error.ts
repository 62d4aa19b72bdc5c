import { defineErrorName } from './error-name.js';

/** What is known of a process that has ended. */
export interface ProcessExit {
  /** Its exit code; `undefined` when a signal ended it. */
  readonly exitCode: number | undefined;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | undefined;
  readonly pid: number | undefined;
}

/** Thrown when the process that ran a task ended by itself, or was ended from outside, before it had answered. */
export class ProcessExitError extends Error {
  static {
    defineErrorName(this, 'ProcessExitError');
  }
  readonly code = 'ERR_HARDSTOP_PROCESS_EXIT';
  /** What the process passed to `process.exit`, or Node's own code; `undefined` when a signal ended it. */
  readonly exitCode: number | undefined;
  /** The signal that ended it: `'SIGABRT'` after `process.abort()` and when Node ran out of memory. */
  readonly signal: NodeJS.Signals | undefined;
  readonly pid: number | undefined;

  constructor(
    fields: ProcessExit,
    message: string = `The process ended by itself (${describeExit(fields)}) before the task had answered`,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.exitCode = fields.exitCode;
    this.signal = fields.signal;
    this.pid = fields.pid;
  }
}

/** How Node and its engine end a process that cannot go on: the only sign of the reason that there is from outside. */
const MEANINGS: Partial<Record<NodeJS.Signals, string>> = {
  SIGABRT: 'out of memory, or process.abort()',
  SIGILL: 'a fatal error of the engine, such as out of memory',
  SIGTRAP: 'a fatal error of the engine, such as out of memory',
};

/** As in "exit code 3" or "signal SIGKILL". */
export function describeExit({ exitCode, signal }: ProcessExit): string {
  if (signal === undefined) return `exit code ${String(exitCode ?? 'unknown')}`;
  const meaning = MEANINGS[signal];
  return meaning === undefined ? `signal ${signal}` : `signal ${signal}: ${meaning}`;
}

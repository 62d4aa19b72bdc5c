import { closeSync, openSync, writeSync } from 'node:fs';
import { STATUS, type Ending } from './exit-status.js';
import type { MonitorOutcome } from './monitor.js';
import type { RunOptions } from './options.js';
import { quote } from './quote.js';
import { signalName } from './signal-names.js';
import { describeErrno, StartError } from './start-error.js';

/** Grows when something is taken away or changes its meaning. */
const SCHEMA = 1;

/** What `--json` writes. Durations are ms, `null`: none. */
export interface RunReport {
  readonly schema: typeof SCHEMA;
  readonly command: readonly string[];
  /** `null`: it was not started. */
  readonly pid: number | null;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly limits: {
    readonly durationMs: number | null;
    readonly idleMs: number | null;
    readonly killAfterMs: number | null;
  };
  /** Which limit has struck; `null`: the command has ended in time. */
  readonly timedOut: 'duration' | 'idle' | null;
  /** Signals that were sent, in order; `at` is ms from the start. */
  readonly signals: readonly { readonly signal: string; readonly at: number }[];
  /** How the command has ended; both are `null` where it was not started, or not seen to end. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly dumpedCore: boolean;
  /** Processes of its tree that could not be ended. */
  readonly survivors: readonly number[];
  /** What `hardstop run` itself ends with, as a shell shows it. */
  readonly status: number;
  /** Why it was not started. */
  readonly error: string | null;
}

/** A file that is opened before the command is started, so that nothing is started where it cannot be written. */
export class ReportFile {
  readonly #descriptor: number;
  readonly #startedAt = new Date().toISOString();

  constructor(path: string) {
    try {
      this.#descriptor = openSync(path, 'w');
    } catch (error) {
      const reason = describeErrno(-((error as NodeJS.ErrnoException).errno ?? 0));
      throw new StartError(`cannot open ${quote(path)}: ${reason}`, STATUS.failed);
    }
  }

  /** The command has ended. */
  writeOutcome(options: RunOptions, pid: number, outcome: MonitorOutcome, ending: Ending): void {
    const { end, timedOut, sent, survivors, durationMs } = outcome;
    this.#write(options, {
      pid,
      durationMs,
      timedOut: timedOut ?? null,
      signals: sent,
      exitCode: end?.exitCode ?? null,
      signal: end === undefined || end.signal === 0 ? null : signalName(end.signal),
      dumpedCore: end?.dumpedCore ?? false,
      survivors,
      status: 'status' in ending ? ending.status : 128 + ending.signal,
      error: null,
    });
  }

  /** The command was not started. */
  writeError(options: RunOptions, { message, status }: StartError): void {
    this.#write(options, {
      pid: null,
      durationMs: 0,
      timedOut: null,
      signals: [],
      exitCode: null,
      signal: null,
      dumpedCore: false,
      survivors: [],
      status,
      error: message,
    });
  }

  #write(
    { command, duration, idle, killAfter }: RunOptions,
    rest: Omit<RunReport, 'schema' | 'command' | 'startedAt' | 'limits'>,
  ): void {
    const limits = {
      durationMs: finite(duration),
      idleMs: finite(idle),
      killAfterMs: finite(killAfter),
    };
    const report: RunReport = {
      schema: SCHEMA,
      command,
      startedAt: this.#startedAt,
      limits,
      ...rest,
    };
    try {
      writeSync(this.#descriptor, `${JSON.stringify(report, null, 1)}\n`);
      closeSync(this.#descriptor);
    } catch {
      // A full disk, say: the status is the command's all the same.
    }
  }
}

function finite(duration: number): number | null {
  return duration === 0 || duration === Infinity ? null : duration;
}

import type { Machine } from '../machine.js';
import type { Distribution } from './distribution.js';

/** The form of a report; counted up when a field changes its meaning or goes. */
export const REPORT_SCHEMA = 2;

/** Samples in microseconds, in the order in which they were measured, and their summary. */
export interface Measured extends Distribution {
  readonly samples: readonly number[];
}

/** What was measured of one contender, or why nothing was. */
export interface ReportRow {
  readonly contender: string;
  readonly description: string;
  readonly foreign: boolean;
  /** Of a foreign package. */
  readonly version?: string | undefined;
  readonly unavailable?: string | undefined;
  /** From the limit to the moment at which the work was stopped, us; foreign contenders do not tell it. */
  readonly stoppedUs?: Measured | undefined;
  /** From the limit to the moment at which the caller has caught its error, us. */
  readonly caughtUs?: Measured | undefined;
  /** A call whose work ends at once, us; each sample is the mean of a batch of calls. */
  readonly costUs?: Measured | undefined;
}

/** All that one `hardstop bench` has measured. */
export interface Report {
  readonly schema: typeof REPORT_SCHEMA;
  readonly hardstop: string;
  /** ISO 8601, UTC. */
  readonly measuredAt: string;
  readonly machine: Machine;
  /** Of the minute before the first trial; 0 on Windows. */
  readonly loadAverage: number;
  readonly nodeFlags: readonly string[];
  readonly iterations: number;
  readonly timeoutMs: number;
  readonly rows: readonly ReportRow[];
}

/** A process as the system's list of processes has it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** When it was started, in the system's ticks: tells it from a later process of the same id. */
  readonly startedAt: number;
  /** A process that has ended and was not reaped yet is not alive. */
  readonly isAlive: boolean;
}

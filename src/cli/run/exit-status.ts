import { constants } from 'node:os';
import type { CommandEnd } from './command-process.js';

/** The statuses of coreutils' `timeout`. */
export const STATUS: {
  readonly timedOut: 124;
  readonly failed: 125;
  readonly cannotInvoke: 126;
  readonly notFound: 127;
} = Object.freeze({
  timedOut: 124,
  /** Of the monitor itself. */
  failed: 125,
  cannotInvoke: 126,
  notFound: 127,
});

/** How this process is to end. */
export type Ending = { readonly status: number } | { readonly signal: number };

/**
 * How this process ends when its command has: as that did, or with 124 where it ran out of time. If it took SIGKILL, or
 * the status is to be preserved, the command's own status shows that.
 */
export function chooseEnding(
  { exitCode, signal }: CommandEnd,
  { timedOut, preserveStatus }: { readonly timedOut: boolean; readonly preserveStatus: boolean },
): Ending {
  if (signal !== 0 && !timedOut) return { signal };
  const wasKilled = signal === constants.signals.SIGKILL;
  if (timedOut && !preserveStatus && !wasKilled) return { status: STATUS.timedOut };
  return { status: exitCode ?? signal + 128 };
}

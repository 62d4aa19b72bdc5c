import { inspect } from 'node:util';
import {
  describeExit,
  ProcessExitError,
  type ProcessExit,
} from '../../errors/process-exit-error.js';

/**
 * The error for a process that has ended by itself.
 *
 * @param dying holds the error that it has said it was dying of
 */
export function exitError(
  exit: ProcessExit,
  wasReady: boolean,
  dying: { readonly error: unknown } | undefined,
): ProcessExitError {
  if (dying !== undefined) {
    const { error } = dying;
    const reason = error instanceof Error ? error.message : inspect(error);
    return new ProcessExitError(
      exit,
      `The process ended before the task had answered, because of an error that nobody caught: ${reason}`,
      { cause: error },
    );
  }
  if (wasReady) return new ProcessExitError(exit);
  return new ProcessExitError(
    exit,
    `The process ended before it was ready (${describeExit(exit)}); a module preloaded by --import or --require may have failed in it, or hardstop's files are not all in place`,
  );
}

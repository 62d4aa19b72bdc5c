import { defineErrorName } from '../errors/error-name.js';

/** The command line was not understood; the message is for the person who typed it. */
export class UsageError extends Error {
  static {
    defineErrorName(this, 'UsageError');
  }
}

/** Whether it is one, also of another copy of this module: commands may be bundled or not. */
export function isUsageError(error: unknown): error is UsageError {
  return error instanceof Error && error.name === 'UsageError';
}

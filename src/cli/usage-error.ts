import { defineErrorName } from '../errors/error-name.js';

/** The command line was not understood; the message is for the person who typed it. */
export class UsageError extends Error {
  static {
    defineErrorName(this, 'UsageError');
  }
}

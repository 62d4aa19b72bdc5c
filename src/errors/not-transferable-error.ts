import { defineErrorName } from './error-name.js';

/** Thrown when a task, an argument or a result cannot be sent to or from another thread or process; says why. */
export class NotTransferableError extends Error {
  static {
    defineErrorName(this, 'NotTransferableError');
  }
  readonly code = 'ERR_HARDSTOP_NOT_TRANSFERABLE';
}

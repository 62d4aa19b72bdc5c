import { defineErrorName } from '../../errors/error-name.js';

/** A contender cannot take part here; the message says why. */
export class UnavailableError extends Error {
  static {
    defineErrorName(this, 'UnavailableError');
  }
}

import { defineErrorName } from './error-name.js';

/** Thrown when a scope is used in an order that makes no sense, such as starting it inside its own run. */
export class InvalidStateError extends Error {
  static {
    defineErrorName(this, 'InvalidStateError');
  }
  readonly code = 'ERR_HARDSTOP_INVALID_STATE';
}

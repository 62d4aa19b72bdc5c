import { defineErrorName } from './error-name.js';

/** Thrown when a thread id names no thread that is known to live. */
export class InvalidThreadError extends Error {
  static {
    defineErrorName(this, 'InvalidThreadError');
  }
  readonly code = 'ERR_HARDSTOP_INVALID_THREAD';
  readonly threadId: number;

  constructor(threadId: number, message: string) {
    super(message);
    this.threadId = threadId;
  }
}

import { defineErrorName } from './error-name.js';

/** Thrown when a pool has as many calls waiting as its `maxQueue` allows: the call was not taken. */
export class QueueFullError extends Error {
  static {
    defineErrorName(this, 'QueueFullError');
  }
  readonly code = 'ERR_HARDSTOP_QUEUE_FULL';
  /** How many calls may wait. */
  readonly maxQueue: number;

  constructor(
    maxQueue: number,
    message: string = `The queue of the pool is full: ${String(maxQueue)} calls wait already`,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.maxQueue = maxQueue;
  }
}

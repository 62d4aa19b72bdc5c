import { types } from 'node:util';
import { invalidOptionType } from '../errors/invalid-option-error.js';

/** Whether work handed back something that goes on after it. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  if (types.isPromise(value)) return true;
  // Asking a proxy would run its traps outside every limit.
  return !types.isProxy(value) && typeof (value as { then?: unknown }).then === 'function';
}

/** The error for it: a promise goes on after `runSync` has returned, out of reach of its limit. */
export function refusePromise(value: PromiseLike<unknown>): Error {
  // Nobody else will look at it: its rejection must not end the process.
  if (types.isPromise(value)) value.catch(() => undefined);
  return invalidOptionType(
    'work',
    'synchronous: `runSync` cannot limit what a promise does after it has returned; use `run` for asynchronous work',
    value,
  );
}

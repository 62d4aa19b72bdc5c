import { types } from 'node:util';
import { invalidOptionType } from '../errors/invalid-option-error.js';

// Work that was stopped, or a library, may have replaced them.
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { then } = Promise.prototype;

/**
 * Whether work handed back something that goes on after it: a promise, or what has a `then` method. Runs no code of users,
 * because nothing limits that after the work, nor is anybody prepared for what it throws: proxies and getters are not asked.
 */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) return false;
  if (types.isPromise(value)) return true;
  let holder: unknown = value;
  while (holder !== null && !types.isProxy(holder)) {
    const property = getOwnPropertyDescriptor(holder, 'then');
    if (property !== undefined) return typeof property.value === 'function';
    holder = getPrototypeOf(holder);
  }
  return false;
}

/** The error for it: a promise goes on after `runSync` has returned, out of reach of its limit. */
export function refusePromise(value: PromiseLike<unknown>): Error {
  // Nobody else will look at it: its rejection must not end the process.
  if (types.isPromise(value)) ignoreRejection(value);
  return invalidOptionType(
    'work',
    'synchronous: `runSync` cannot limit what a promise does after it has returned; use `run` for asynchronous work',
    value,
  );
}

/** A rejection of the promise is nobody's loss. */
export function ignoreRejection(promise: Promise<unknown>): void {
  try {
    void Reflect.apply(then, promise, [undefined, () => undefined]);
  } catch {
    // A subclass may have a constructor that throws.
  }
}

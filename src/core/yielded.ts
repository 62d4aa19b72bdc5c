import { types } from 'node:util';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import { ignoreRejection, isPromiseLike } from './promise-result.js';

// Work that was stopped, or a library, may have replaced them.
const { Promise } = globalThis;
const { then } = Promise.prototype;

/** Whether work has handed back a generator, whose steps are the work. */
export function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  if (types.isGeneratorObject(value)) return !(Symbol.asyncIterator in value);
  if (types.isProxy(value)) return false;
  // What compilers make of generators for old engines. Of other values nothing is read that they need not have.
  const steps = value as Partial<Generator>;
  return (
    typeof steps[Symbol.iterator] === 'function' &&
    typeof steps.throw === 'function' &&
    typeof steps.next === 'function'
  );
}

/** Calls back, later, with what a `yield` gives: the value of a promise, of all promises of an array, or the value. */
export function waitFor(
  yielded: unknown,
  onValue: (value: unknown) => void,
  onError: (error: unknown) => void,
): void {
  void Reflect.apply(then, toPromise(yielded), [onValue, onError]);
}

/** Whether a promise that is resolved with a value may adopt it. */
export function mayBeThenable(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** What is yielded but not waited for may be rejected all the same: that is nobody's loss. */
export function ignore(yielded: unknown): void {
  for (const promise of Array.isArray(yielded) ? (yielded as unknown[]) : [yielded]) {
    // Nothing else: a thenable may begin its work only when it is asked.
    if (types.isPromise(promise)) ignoreRejection(promise);
  }
}

function toPromise(yielded: unknown): Promise<unknown> {
  try {
    return Array.isArray(yielded)
      ? Promise.all(yielded.map(checked))
      : Promise.resolve(checked(yielded));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** A generator that is yielded is a forgotten `*`: its steps would never be taken. */
function checked(yielded: unknown): unknown {
  if (isPromiseLike(yielded) || !isGenerator(yielded)) return yielded;
  throw invalidOptionType('yield', '`yield*` in front of a generator', yielded);
}

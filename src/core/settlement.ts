import { isErrorObject } from '../errors/error-class.js';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import { refreshTimeoutError, type TimeoutError } from '../errors/timeout-error.js';
import type { Failure } from './cleanup-stack.js';
import { suppress } from './cleanup-stack.js';
import type { ErrorClass, ScopeSettings } from './options.js';

/** How a timed-out scope ends: with an error, or, where it is `undefined`, with the value. */
export interface Settlement {
  readonly failure: Failure | undefined;
  readonly value: unknown;
}

/** Applies `onTimeout`, `default` and `error`, in this order. */
export function settleTimeout(error: TimeoutError, settings: ScopeSettings): Settlement {
  try {
    settings.onTimeout?.(error);
  } catch (thrown) {
    return { failure: suppress(thrown, { error }), value: undefined };
  }
  if (settings.hasDefault) return { failure: undefined, value: settings.default };
  if (settings.error === false) return { failure: undefined, value: undefined };
  try {
    return { failure: { error: chooseError(error, settings.error) }, value: undefined };
  } catch (thrown) {
    return { failure: suppress(thrown, { error }), value: undefined };
  }
}

function chooseError(error: TimeoutError, option: ScopeSettings['error']): unknown {
  if (option === undefined || option === false) return error;
  if (typeof option === 'string') {
    refreshTimeoutError(error, { message: option });
    return error;
  }
  if (typeof option !== 'function') return option;
  if (isErrorClass(option)) return new option(error.message, { cause: error });
  const chosen: unknown = option(error);
  if (isErrorObject(chosen)) return chosen;
  throw invalidOptionType('error', 'a function that returns an Error', chosen);
}

function isErrorClass(option: unknown): option is ErrorClass {
  if (typeof option !== 'function') return false;
  const prototype: unknown = option.prototype;
  return option === Error || prototype instanceof Error || isErrorPrototype(prototype);
}

/** Of another realm's class: it is no error itself, but has the two members that all of them inherit. */
function isErrorPrototype(prototype: unknown): boolean {
  if (typeof prototype !== 'object' || prototype === null) return false;
  const { name, message } = prototype as Partial<Error>;
  return typeof name === 'string' && typeof message === 'string';
}

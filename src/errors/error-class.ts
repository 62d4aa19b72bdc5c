import { types } from 'node:util';
import { CommandError } from './command-error.js';
import { CommandTimeoutError } from './command-timeout-error.js';
import { InvalidOptionRangeError, InvalidOptionTypeError } from './invalid-option-error.js';
import { InvalidStateError } from './invalid-state-error.js';
import { InvalidThreadError } from './invalid-thread-error.js';
import { NotTransferableError } from './not-transferable-error.js';
import { ProcessExitError } from './process-exit-error.js';
import { QueueFullError } from './queue-full-error.js';
import { StrategyUnavailableError } from './strategy-unavailable-error.js';
import { TimeoutError } from './timeout-error.js';
import { WorkerExitError } from './worker-exit-error.js';

/** The class that stands for `DOMException`, which is built by its constructor only. */
export const DOM_EXCEPTION = 'DOMException';

/** Built-in classes, by the name of their constructor. `SuppressedError` is not there on Node 20 and 22. */
const BUILT_IN: ReadonlyMap<string, object> = new Map(
  [
    'Error',
    'EvalError',
    'RangeError',
    'ReferenceError',
    'SyntaxError',
    'TypeError',
    'URIError',
    'AggregateError',
    'SuppressedError',
  ].flatMap((name) => {
    const errorClass: unknown = Reflect.get(globalThis, name);
    return typeof errorClass === 'function' ? [[name, errorClass.prototype as object]] : [];
  }),
);

/**
 * Our own classes, by their `code`: that is stable, and the same in every installed copy. `InvalidOptionError` stands
 * for two classes, told apart by the built-in class that they extend.
 */
const OWN: ReadonlyMap<string, object> = new Map<string, object>([
  ['ERR_HARDSTOP_TIMEOUT', TimeoutError.prototype],
  ['ERR_HARDSTOP_COMMAND_TIMEOUT', CommandTimeoutError.prototype],
  ['ERR_HARDSTOP_COMMAND', CommandError.prototype],
  ['ERR_HARDSTOP_STRATEGY_UNAVAILABLE', StrategyUnavailableError.prototype],
  ['ERR_HARDSTOP_NOT_TRANSFERABLE', NotTransferableError.prototype],
  ['ERR_HARDSTOP_WORKER_EXIT', WorkerExitError.prototype],
  ['ERR_HARDSTOP_PROCESS_EXIT', ProcessExitError.prototype],
  ['ERR_HARDSTOP_QUEUE_FULL', QueueFullError.prototype],
  ['ERR_HARDSTOP_INVALID_THREAD', InvalidThreadError.prototype],
  ['ERR_HARDSTOP_INVALID_STATE', InvalidStateError.prototype],
  ['ERR_HARDSTOP_INVALID_OPTION:TypeError', InvalidOptionTypeError.prototype],
  ['ERR_HARDSTOP_INVALID_OPTION:RangeError', InvalidOptionRangeError.prototype],
]);

/** Whether `value` is an error object, of any realm. Never throws, not even for a hostile proxy. */
export function isErrorObject(value: unknown): value is Error {
  if (types.isNativeError(value)) return true;
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

/**
 * Names the class that stands for an error on the other side: ours, `DOMException`, or the nearest built-in class above
 * the error's own. The error may be hostile; whatever cannot be read counts as `Error`.
 *
 * @param code the error's own `code`, already read
 */
export function errorClassName(error: object, code: unknown): string {
  const builtIn = nearestBuiltIn(error);
  if (typeof code !== 'string') return builtIn;
  if (OWN.has(code)) return code;
  const withBase = `${code}:${builtIn}`;
  return OWN.has(withBase) ? withBase : builtIn;
}

/** The prototype for a name made by {@link errorClassName}, which another version of this package may have made. */
export function errorPrototype(className: string): object {
  return OWN.get(className) ?? BUILT_IN.get(className) ?? Error.prototype;
}

function nearestBuiltIn(error: object): string {
  try {
    let prototype = Object.getPrototypeOf(error) as object | null;
    // Bounded, as a proxy may claim an endless chain.
    for (let depth = 0; prototype !== null && depth < 100; depth++) {
      const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
      if (typeof constructor === 'function') {
        const name: unknown = Object.getOwnPropertyDescriptor(constructor, 'name')?.value;
        if (name === DOM_EXCEPTION || (typeof name === 'string' && BUILT_IN.has(name))) return name;
      }
      prototype = Object.getPrototypeOf(prototype) as object | null;
    }
  } catch {
    // A trap threw: nothing is known of the class.
  }
  return 'Error';
}

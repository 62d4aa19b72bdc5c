import { inspect } from 'node:util';
import { defineErrorName, hasErrorCode } from './error-name.js';

const CODE = 'ERR_HARDSTOP_INVALID_OPTION';

/** What the two classes of invalid options share. */
export interface InvalidOption extends Error {
  readonly code: typeof CODE;
  /** The option's name as the caller wrote it. */
  readonly option: string;
  /** What was given. Not enumerable. */
  readonly value: unknown;
}

/** Given for an option of the wrong type. Made by {@link invalidOptionType}. */
export class InvalidOptionTypeError extends TypeError implements InvalidOption {
  static {
    defineErrorName(this, 'InvalidOptionError');
  }
  readonly code: typeof CODE = CODE;
  readonly option: string;
  declare readonly value: unknown;
  constructor(option: string, message: string, value: unknown) {
    super(message);
    this.option = option;
    Object.defineProperty(this, 'value', { value, configurable: true, writable: true });
  }
}

/** Given for an option out of range. Made by {@link invalidOptionRange}. */
export class InvalidOptionRangeError extends RangeError implements InvalidOption {
  static {
    defineErrorName(this, 'InvalidOptionError');
  }
  readonly code: typeof CODE = CODE;
  readonly option: string;
  declare readonly value: unknown;
  constructor(option: string, message: string, value: unknown) {
    super(message);
    this.option = option;
    Object.defineProperty(this, 'value', { value, configurable: true, writable: true });
  }
}

/**
 * Stands for both kinds of invalid option in `instanceof`: a `TypeError` for a value of the wrong type, a `RangeError`
 * for a number out of range, as Node's own options have it. Not constructed by users.
 */
export class InvalidOptionError extends Error implements InvalidOption {
  static {
    defineErrorName(this, 'InvalidOptionError');
  }
  declare readonly code: typeof CODE;
  declare readonly option: string;
  declare readonly value: unknown;

  static override [Symbol.hasInstance](value: unknown): value is InvalidOption {
    return value instanceof Error && hasErrorCode(value, CODE);
  }
}

/** Makes the error for an option whose value has the wrong type, or contradicts another option. */
export function invalidOptionType(option: string, rule: string, value: unknown): InvalidOption {
  return new InvalidOptionTypeError(option, optionMessage(option, rule, value), value);
}

/** Makes the error for a number that is out of range. */
export function invalidOptionRange(option: string, rule: string, value: unknown): InvalidOption {
  return new InvalidOptionRangeError(option, optionMessage(option, rule, value), value);
}

function optionMessage(option: string, rule: string, value: unknown): string {
  return `Expected the \`${option}\` option to be ${rule}, got ${describe(value)}`;
}

/** The value as a reader would write it, bounded, and its type: "`-1` (number)". */
function describe(value: unknown): string {
  let text: string;
  try {
    text = inspect(value, { depth: 0, breakLength: Infinity });
  } catch {
    text = 'a value that cannot be shown';
  }
  const shown = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return `\`${shown}\` (${value === null ? 'null' : typeof value})`;
}

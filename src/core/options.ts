import { types } from 'node:util';
import { isErrorObject } from '../errors/error-class.js';
import { invalidOptionRange, invalidOptionType } from '../errors/invalid-option-error.js';
import type { TimeoutError } from '../errors/timeout-error.js';
import { suspendedByEnvironment } from './debug.js';

/** The strategies that can be asked for by name; `'auto'` takes the best one that is there. */
export type StrategyOption = 'auto' | 'native' | 'vm' | 'worker' | 'process';

/** An Error class as the `error` option takes it: called as `new (message, { cause })`. */
export type ErrorClass = new (message?: string, options?: ErrorOptions) => Error;

/** What to throw on timeout; `false` throws nothing. */
export type ErrorOption =
  Error | ErrorClass | string | false | ((timeoutError: TimeoutError) => Error);

/** The options that every scope takes. Durations are ms, fractions allowed. */
export interface ScopeOptions<D = unknown> {
  /** Limit in ms from the start of the work. `undefined`, `null`, `Infinity`: none. `0`: expired already. */
  readonly timeout?: number | null | undefined;
  /** The same limit as an instant on the `performance.now()` scale, instead of `timeout`. */
  readonly deadline?: number | null | undefined;
  /** Limit on the CPU time that the work's thread burns, ms. May stand beside `timeout`. */
  readonly cpuTimeout?: number | null | undefined;
  /** ms between the soft stop at the deadline and the hard stop. Default 0; 5000 for processes. */
  readonly grace?: number | undefined;
  /** Aborting it stops the work; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Returned instead of throwing on timeout, also when it is `undefined`: what counts is that it is there. */
  readonly default?: D;
  /** What to throw on timeout instead of the `TimeoutError`; `false`: return `undefined`. */
  readonly error?: ErrorOption | undefined;
  /** Called with the `TimeoutError` just before it is thrown or suppressed. */
  readonly onTimeout?: ((error: TimeoutError) => void) | undefined;
  /** A label for messages, diagnostics and reports. */
  readonly name?: string | undefined;
  /** `'suspend'`: while the inspector is open, deadlines do not fire. Default `'enforce'`. */
  readonly debug?: 'enforce' | 'suspend' | undefined;
}

/** The options of {@link ScopeOptions}, and how synchronous work is stopped. */
export interface RunSyncOptions<D = unknown> extends ScopeOptions<D> {
  readonly strategy?: StrategyOption | undefined;
}

/** Options after they have been checked; `Infinity` stands for no limit. */
export interface ScopeSettings {
  readonly deadline: number | undefined;
  readonly cpuTimeout: number;
  readonly grace: number;
  /** Whether the grace was asked for, rather than taken from the default. */
  readonly hasGrace: boolean;
  readonly signal: AbortSignal | undefined;
  readonly hasDefault: boolean;
  readonly default: unknown;
  readonly error: ErrorOption | undefined;
  readonly onTimeout: ((error: TimeoutError) => void) | undefined;
  readonly name: string | undefined;
  readonly suspendable: boolean;
  readonly strategy: StrategyOption;
}

/** The time that a process has to end itself, ms, where nothing else is said. */
export const PROCESS_GRACE_MS = 5_000;

/** The settings of a scope that was given a timeout and nothing else. */
export const PLAIN_SETTINGS: ScopeSettings = Object.freeze({
  deadline: undefined,
  cpuTimeout: Infinity,
  grace: 0,
  hasGrace: false,
  signal: undefined,
  hasDefault: false,
  default: undefined,
  error: undefined,
  onTimeout: undefined,
  name: undefined,
  suspendable: suspendedByEnvironment,
  strategy: 'auto',
});

const OPTION_NAMES: Readonly<Record<keyof RunSyncOptions, true>> = {
  timeout: true,
  deadline: true,
  cpuTimeout: true,
  grace: true,
  signal: true,
  default: true,
  error: true,
  onTimeout: true,
  name: true,
  debug: true,
  strategy: true,
};

/**
 * A copy that later changes do not reach. What an object has from its prototype or class are options as well: a spread
 * would lose them, and with them a limit.
 */
export function copyOptions<O extends object>(options: O): O {
  refuseOtherObjects(options);
  const copy = { ...options };
  for (const name of Object.keys(OPTION_NAMES) as (keyof O)[]) {
    if (name in options) copy[name] = options[name];
  }
  return copy;
}

/** A length of time in ms: absent is `Infinity`. */
export function parseDuration(value: unknown, option: string): number {
  if (value === undefined || value === null) return Infinity;
  if (typeof value !== 'number') {
    throw invalidOptionType(option, 'a non-negative number of milliseconds', value);
  }
  if (!(value >= 0)) {
    throw invalidOptionRange(option, 'a non-negative number of milliseconds', value);
  }
  return value;
}

/**
 * Checks all options of a scope but `timeout`, which is only held against `deadline`; throws an `InvalidOptionError` for
 * the first bad one.
 */
export function parseOptions(options: RunSyncOptions, timeout: unknown): ScopeSettings {
  refuseOtherObjects(options);
  const hasDefault = 'default' in options;
  const error = parseError(options.error);
  if (hasDefault && error !== undefined && error !== false) {
    throw invalidOptionType('error', 'absent or `false` beside `default`', error);
  }
  const strategy = parseStrategy(options.strategy);
  return {
    deadline: parseDeadline(options.deadline, timeout),
    cpuTimeout: parseDuration(options.cpuTimeout, 'cpuTimeout'),
    grace: parseGrace(options.grace, strategy),
    hasGrace: options.grace !== undefined,
    signal: parseSignal(options.signal),
    hasDefault,
    default: options.default,
    error,
    onTimeout: parseOptional(options.onTimeout, 'onTimeout', 'function'),
    name: parseOptional(options.name, 'name', 'string'),
    suspendable: parseDebug(options.debug),
    strategy,
  };
}

/** A length of time in the wrong wrapping would be taken for options without a limit, silently. */
function refuseOtherObjects(options: unknown): void {
  const isOther =
    typeof options !== 'object' ||
    options === null ||
    Array.isArray(options) ||
    types.isDate(options) ||
    types.isBoxedPrimitive(options);
  if (isOther) throw invalidOptionType('options', 'a number of milliseconds or an object', options);
}

/** Unlike the limits, a grace that is not there is none. */
function parseGrace(value: unknown, strategy: StrategyOption): number {
  if (value === undefined) return strategy === 'process' ? PROCESS_GRACE_MS : 0;
  if (value === null)
    throw invalidOptionType('grace', 'a non-negative number of milliseconds', value);
  return parseDuration(value, 'grace');
}

function parseDeadline(deadline: unknown, timeout: unknown): number | undefined {
  if (deadline === undefined || deadline === null) return undefined;
  if (typeof deadline !== 'number') {
    throw invalidOptionType('deadline', 'an instant on the performance.now() scale', deadline);
  }
  if (Number.isNaN(deadline)) {
    throw invalidOptionRange('deadline', 'an instant on the performance.now() scale', deadline);
  }
  if (timeout !== undefined && timeout !== null) {
    throw invalidOptionType('deadline', 'absent beside `timeout`', deadline);
  }
  return deadline;
}

function parseSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || isAbortSignal(value)) return value;
  throw invalidOptionType('signal', 'an AbortSignal', value);
}

/** Also one of another realm or of a library's own making, as long as it works as one. */
function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener } = value as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}

function parseError(value: unknown): ErrorOption | undefined {
  if (value === undefined || value === false || typeof value === 'string') return value;
  if (typeof value === 'function' || isErrorObject(value)) return value as ErrorOption;
  throw invalidOptionType(
    'error',
    'an Error, an Error class, a message, a function or `false`',
    value,
  );
}

function parseOptional<T>(value: T | undefined, option: string, type: string): T | undefined {
  if (value === undefined || typeof value === type) return value;
  throw invalidOptionType(option, `a ${type}`, value);
}

function parseDebug(value: unknown): boolean {
  if (value === undefined) return suspendedByEnvironment;
  if (value === 'suspend' || value === 'enforce') return value === 'suspend';
  throw invalidOptionType('debug', "'enforce' or 'suspend'", value);
}

function parseStrategy(value: unknown): StrategyOption {
  switch (value) {
    case undefined:
      return 'auto';
    case 'auto':
    case 'native':
    case 'vm':
    case 'worker':
    case 'process':
      return value;
    default:
      throw invalidOptionType('strategy', "'auto', 'native', 'vm', 'worker' or 'process'", value);
  }
}

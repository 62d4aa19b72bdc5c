import type { ResourceLimits, Transferable } from 'node:worker_threads';
import { parseDuration, type ScopeOptions } from '../core/options.js';
import type { CallRequest } from '../core/pool/pool-call.js';
import { scopeOf, Timeout } from '../core/timeout.js';
import type { Scope } from '../core/scope.js';
import type { TransferableTask } from '../entry/worker-messages.js';
import { invalidOptionRange, invalidOptionType } from '../errors/invalid-option-error.js';

/** What every call of a task elsewhere takes. */
export interface CallOptions<D = unknown> extends ScopeOptions<D> {
  /** Limit in ms on waiting for a free worker or process; `timeout` counts from the start of the task. */
  readonly queueTimeout?: number | null | undefined;
  /** Called with each message that the task sends by `sendMessage`, while the call runs; what it throws ends the call. */
  readonly onMessage?: ((message: unknown) => void) | undefined;
}

/** What the task is called with: may be left out where it takes nothing. */
export type ArgsOption<Args extends readonly unknown[]> = [] extends Args
  ? {
      /** What the task is called with; copied by structured clone. */
      readonly args?: Args | undefined;
    }
  : {
      /** What the task is called with; copied by structured clone. */
      readonly args: Args;
    };

/** Options, or a limit in ms alone where the task takes no arguments. */
export type OrLimit<Args extends readonly unknown[], Options> =
  Options | ([] extends Args ? number | null | undefined : never);

/** The options of a call in a worker thread. */
export type WorkerOptions<
  Args extends readonly unknown[] = readonly unknown[],
  D = unknown,
> = CallOptions<D> & {
  /** Objects that are moved to the worker instead of copied; they must occur in `args`. */
  readonly transfer?: readonly Transferable[] | undefined;
  /** Limits on the worker's memory; see `node:worker_threads`. */
  readonly resourceLimits?: ResourceLimits | undefined;
} & ArgsOption<Args>;

/** The options of a call in a child process. `grace` is 5000 ms unless it is given. */
export type ProcessOptions<
  Args extends readonly unknown[] = readonly unknown[],
  D = unknown,
> = CallOptions<D> & {
  /** Whether `timeout` counts from the call, the start of a process included, and not from the start of the task. Default `false`. */
  readonly startupCounts?: boolean | undefined;
  /** Limits on the memory of the process's JavaScript: `maxOldGenerationSizeMb`, `maxYoungGenerationSizeMb`. */
  readonly resourceLimits?: ResourceLimits | undefined;
} & ArgsOption<Args>;

/** Any options of a call, of whatever kind. */
export interface GivenOptions extends CallOptions {
  readonly args?: readonly unknown[] | undefined;
  readonly transfer?: readonly Transferable[] | undefined;
  readonly resourceLimits?: ResourceLimits | undefined;
  readonly startupCounts?: boolean | undefined;
}

/** What is left of the options once the scope has its part. */
export interface ParsedCall {
  readonly scope: Scope;
  readonly request: CallRequest;
}

/** A limit alone as options. */
export function asOptions(options: GivenOptions | number | null | undefined): GivenOptions {
  return typeof options === 'object' && options !== null ? options : { timeout: options };
}

/**
 * Checks the options of one call.
 *
 * @throws InvalidOptionError for the first bad option
 */
export function parseCall(
  task: TransferableTask,
  given: GivenOptions,
  strategy: 'worker' | 'process',
): ParsedCall {
  const isProcess = strategy === 'process';
  const timeout = new Timeout(given.timeout, isProcess ? { ...given, strategy } : given);
  if (isProcess && given.transfer !== undefined) {
    throw invalidOptionType('transfer', 'absent for processes, which copy', given.transfer);
  }
  return {
    scope: scopeOf(timeout),
    request: {
      task,
      args: parseList(given.args, 'args'),
      transfer: parseList(given.transfer, 'transfer') as readonly Transferable[],
      queueTimeout: parseDuration(given.queueTimeout, 'queueTimeout'),
      startupCounts: parseFlag(given.startupCounts, 'startupCounts'),
      onMessage: parseCallback(given.onMessage, 'onMessage'),
    },
  };
}

export function parseList(value: unknown, option: string): readonly unknown[] {
  if (value === undefined) return NONE;
  if (!Array.isArray(value)) throw invalidOptionType(option, 'an array', value);
  return value;
}

/** What is wrong with a limit that is no number Node would not say, but have no limit. */
export function parseLimits(value: unknown): ResourceLimits | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null) {
    throw invalidOptionType('resourceLimits', 'an object', value);
  }
  for (const limit of LIMITS) {
    const megabytes: unknown = (value as ResourceLimits)[limit];
    if (megabytes === undefined) continue;
    const option = `resourceLimits.${limit}`;
    const rule = 'a number of megabytes greater than 0';
    if (typeof megabytes !== 'number') throw invalidOptionType(option, rule, megabytes);
    if (!(megabytes > 0)) throw invalidOptionRange(option, rule, megabytes);
  }
  return value;
}

export function parseCallback<F>(value: F | undefined, option: string): F | undefined {
  if (value === undefined || typeof value === 'function') return value;
  throw invalidOptionType(option, 'a function', value);
}

function parseFlag(value: unknown, option: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw invalidOptionType(option, 'a boolean', value);
  return value;
}

const NONE: readonly unknown[] = Object.freeze([]);

const LIMITS = [
  'maxOldGenerationSizeMb',
  'maxYoungGenerationSizeMb',
  'codeRangeSizeMb',
  'stackSizeMb',
] as const;

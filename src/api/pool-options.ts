import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import { parseDuration } from '../core/options.js';
import type { PoolLimits } from '../core/pool/host-pool.js';
import { invalidOptionRange, invalidOptionType } from '../errors/invalid-option-error.js';
import type { HostOptions } from '../strategy/isolation/host.js';
import { isTaskReference, type TaskReference } from '../strategy/task-reference.js';
import { parseLimits } from './isolated-options.js';
import { moduleUrl } from './task.js';

/** What `createPool` takes. Durations are ms. */
export interface PoolOptions {
  /** Worker threads, or child processes. */
  readonly kind: 'worker' | 'process';
  /** The most workers or processes at a time. Default: `os.availableParallelism()`. */
  readonly size?: number | undefined;
  /** So many are started at once and kept, also while there is nothing to do. Default 0. */
  readonly minimum?: number | undefined;
  /** How many calls may wait beyond those that there is room for; one more is a `QueueFullError`. Default: no limit. */
  readonly maxQueue?: number | undefined;
  /** Limit on waiting for a free worker or process, for calls that have none of their own. Default: none. */
  readonly queueTimeout?: number | null | undefined;
  /** Limit for calls that have none of their own. Default: none. */
  readonly timeout?: number | null | undefined;
  /** After so many calls a worker or process is replaced. Default: never. */
  readonly tasksPerHost?: number | undefined;
  /**
   * What each worker or process does before its first call: loads a module (a URL or an absolute path), or calls a function
   * that `task()` names, without arguments, and awaits it. Where that fails, the call that has waited longest rejects.
   */
  readonly initializer?: string | URL | TaskReference<unknown, readonly []> | undefined;
  /** Limits on memory; see `node:worker_threads`. */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** After so long without work those beyond `minimum` are let go. Default: never. */
  readonly idleTimeout?: number | null | undefined;
  /** A label for messages and reports, for calls that have none of their own. */
  readonly name?: string | undefined;
}

/** Options of a pool after they have been checked. */
export interface PoolSettings {
  readonly kind: 'worker' | 'process';
  readonly limits: PoolLimits;
  readonly host: HostOptions;
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly name: string | undefined;
}

/** @throws InvalidOptionError for the first bad one */
export function parsePoolOptions(options: PoolOptions): PoolSettings {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw invalidOptionType('options', 'an object', options);
  }
  const { kind, initializer, name } = options;
  if ((kind as unknown) !== 'worker' && kind !== 'process') {
    throw invalidOptionType('kind', "'worker' or 'process'", kind);
  }
  if (name !== undefined && typeof name !== 'string') {
    throw invalidOptionType('name', 'a string', name);
  }
  const size = parseCount(options.size, 'size', 1) ?? availableParallelism();
  const minimum = parseCount(options.minimum, 'minimum', 0) ?? 0;
  if (minimum > size) {
    throw invalidOptionRange('minimum', `no more than \`size\` (${String(size)})`, minimum);
  }
  return {
    kind,
    limits: {
      size,
      minimum,
      maxQueue: parseMaximum(options.maxQueue, 'maxQueue', 0),
      tasksPerHost: parseMaximum(options.tasksPerHost, 'tasksPerHost', 1),
      idleTimeout: parseDuration(options.idleTimeout, 'idleTimeout'),
    },
    host: {
      resourceLimits: parseLimits(options.resourceLimits),
      initializer: parseInitializer(initializer),
    },
    timeout: parseDuration(options.timeout, 'timeout'),
    queueTimeout: parseDuration(options.queueTimeout, 'queueTimeout'),
    name,
  };
}

function parseInitializer(initializer: PoolOptions['initializer']): HostOptions['initializer'] {
  if (initializer === undefined) return undefined;
  if (!isTaskReference(initializer)) return moduleUrl(initializer, 'initializer');
  const { url, exportName } = initializer;
  return { kind: 'module', url, exportName };
}

/** A limit on a number of things: absent is `Infinity`. */
function parseMaximum(value: unknown, option: string, least: number): number {
  return value === Infinity ? Infinity : (parseCount(value, option, least) ?? Infinity);
}

/** A whole number; `undefined` if it is absent. */
export function parseCount(value: unknown, option: string, least: number): number | undefined {
  if (value === undefined) return undefined;
  const rule = `a whole number of at least ${String(least)}`;
  if (typeof value !== 'number') throw invalidOptionType(option, rule, value);
  if (!Number.isInteger(value) || value < least) throw invalidOptionRange(option, rule, value);
  return value;
}

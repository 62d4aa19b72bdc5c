import type { Transferable } from 'node:worker_threads';
import type { MapProgress } from '../core/pool/map-plan.js';
import type { ArgsOption, CallOptions } from './isolated-options.js';

/** The options of one call in a pool. Limits and a name that are left out are the pool's; `null` is no limit. */
export type PoolCallOptions<
  Args extends readonly unknown[] = readonly unknown[],
  D = unknown,
> = CallOptions<D> & {
  /** Objects that are moved to the worker instead of copied; they must occur in `args`. Workers only. */
  readonly transfer?: readonly Transferable[] | undefined;
  /** Whether `timeout` counts from the call and not from the start of the task. Default `false`. */
  readonly startupCounts?: boolean | undefined;
} & ArgsOption<Args>;

/** The options of `pool.map`: those of each call, and how the items are gone through. */
export interface MapOptions<D = unknown> extends CallOptions<D> {
  /** How many items may be handed in at a time. Default: the pool's `size`. */
  readonly concurrency?: number | undefined;
  /** Whether results come in the order of the items, or as they are there. Default `'input'`. */
  readonly order?: 'input' | 'completion' | undefined;
  /** Called after each item; what it throws ends the whole. */
  readonly onProgress?: ((progress: MapProgress) => void) | undefined;
}

/** Counters of a pool. */
export interface PoolStatistics {
  /** Workers or processes there are now, those included that start. */
  readonly hosts: number;
  /** Those of them that wait for work. */
  readonly idle: number;
  /** Calls that run. */
  readonly running: number;
  /** Calls that wait. */
  readonly queued: number;
  /** Calls that came to an end of their own, with a value or an error. */
  readonly completed: number;
  /** Calls that were stopped. */
  readonly stopped: number;
  /** Workers or processes that were started since the pool was made. */
  readonly started: number;
  /** Those of them that died, could not be started, or had to be ended to stop a call. */
  readonly lost: number;
  /** Those of them that were replaced because of `tasksPerHost`. */
  readonly recycled: number;
}

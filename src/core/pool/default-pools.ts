import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import type { HostKind } from '../../strategy/isolation/host.js';
import { processHostKind } from '../../strategy/process/process-host.js';
import { workerHostKind } from '../../strategy/worker/worker-host.js';
import { HostPool } from './host-pool.js';

/** So many pools of a kind, for different memory limits, are kept; the one that was used least recently goes first. */
const MAX_POOLS = 8;
/** An idle worker or process that nobody has asked for explicitly is let go after this time, ms. */
const IDLE_TIMEOUT_MS = 60_000;

/** The pools of a kind that calls without a pool of their own share; one set for each thread. */
class DefaultPools {
  readonly #kind: HostKind;
  /** By their memory limits; the one that was used last is last. */
  readonly #pools = new Map<string, HostPool>();
  #plain: HostPool | undefined;

  constructor(kind: HostKind) {
    this.#kind = kind;
  }

  /** The pool whose hosts have these memory limits. */
  get(resourceLimits: ResourceLimits | undefined): HostPool {
    if (resourceLimits === undefined) return (this.#plain ??= this.#make(undefined));
    const key = JSON.stringify(Object.entries(resourceLimits).sort());
    const pool = this.#pools.get(key) ?? this.#make(resourceLimits);
    this.#pools.delete(key);
    this.#pools.set(key, pool);
    if (this.#pools.size > MAX_POOLS) this.#dropOldest();
    return pool;
  }

  #make(resourceLimits: ResourceLimits | undefined): HostPool {
    const options = { resourceLimits, initializer: undefined };
    return new HostPool(this.#kind, options, {
      size: availableParallelism(),
      minimum: 0,
      maxQueue: Infinity,
      tasksPerHost: Infinity,
      idleTimeout: IDLE_TIMEOUT_MS,
    });
  }

  #dropOldest(): void {
    for (const [key, pool] of this.#pools) {
      this.#pools.delete(key);
      // What runs there comes to its end.
      void pool.close();
      return;
    }
  }
}

const pools: Readonly<Record<HostKind['strategy'], DefaultPools>> = {
  worker: new DefaultPools(workerHostKind),
  process: new DefaultPools(processHostKind),
};

/** The pool that calls of this thread share which have none of their own. */
export function defaultPool(
  strategy: HostKind['strategy'],
  resourceLimits: ResourceLimits | undefined,
): HostPool {
  return pools[strategy].get(resourceLimits);
}

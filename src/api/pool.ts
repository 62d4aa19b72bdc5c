import { captureCallStack, type CallStack } from '../core/call-stack.js';
import { executeInPool, type PooledRun } from '../core/pool/execute-in-pool.js';
import { HostPool } from '../core/pool/host-pool.js';
import { parseItems } from '../core/pool/item-source.js';
import type { MapResult } from '../core/pool/map-plan.js';
import { PoolMap } from '../core/pool/pool-map.js';
import type { CallSite } from '../core/scope.js';
import type { TransferableTask } from '../entry/worker-messages.js';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import type { HostKind } from '../strategy/isolation/host.js';
import { transferableTask } from '../strategy/isolation/transferable-task.js';
import { processHostKind } from '../strategy/process/process-host.js';
import { workerHostKind } from '../strategy/worker/worker-host.js';
import {
  asOptions,
  parseCall,
  parseCallback,
  type GivenOptions,
  type OrLimit,
} from './isolated-options.js';
import {
  parseCount,
  parsePoolOptions,
  type PoolOptions,
  type PoolSettings,
} from './pool-options.js';
import type { MapOptions, PoolCallOptions, PoolStatistics } from './pool-types.js';
import type { Task } from './task.js';

const KINDS: Readonly<Record<PoolOptions['kind'], HostKind>> = {
  worker: workerHostKind,
  process: processHostKind,
};

/**
 * Worker threads or child processes that run tasks, each under a limit of its own: made by {@link createPool}.
 *
 * Idle ones never keep the process alive, calls do. One that dies fails the call that it runs, and is replaced at once.
 */
export class Pool {
  readonly #settings: PoolSettings;
  readonly #pool: HostPool;

  /** @internal */
  constructor(options: PoolOptions) {
    this.#settings = parsePoolOptions(options);
    const { kind, host, limits } = this.#settings;
    this.#pool = new HostPool(KINDS[kind], host, limits);
  }

  /** What it consists of. */
  get kind(): 'worker' | 'process' {
    return this.#settings.kind;
  }

  /** The most workers or processes at a time. */
  get size(): number {
    return this.#settings.limits.size;
  }

  /** Its label. */
  get name(): string | undefined {
    return this.#settings.name;
  }

  /**
   * Runs a task: as `runInWorker` or `runInProcess` does, here.
   *
   * @param task a self-contained function, or what `task()` returns
   * @param options a limit in ms, or options
   * @throws (rejects with) what those reject with; QueueFullError when too many calls wait; InvalidStateError once the pool
   *   is closed, or when it is terminated before the task has ended
   */
  run<Result, Args extends readonly unknown[], D = never>(
    task: Task<Result, Args>,
    options: PoolCallOptions<Args, D> & { readonly error: false },
  ): Promise<Awaited<Result> | D | undefined>;
  run<Result, Args extends readonly unknown[], D = never>(
    task: Task<Result, Args>,
    ...options: [] extends Args
      ? [options?: OrLimit<Args, PoolCallOptions<Args, D>>]
      : [options: PoolCallOptions<Args, D>]
  ): Promise<Awaited<Result> | D>;
  run(task: Task, options?: GivenOptions | number | null): Promise<unknown> {
    try {
      const given = this.#completed(asOptions(options));
      return this.#start(transferableTask(task), given, this.run).promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs a task for each item, which it is called with, a bounded number at a time.
   *
   * One that fails or times out does not stop the rest: results say how each has ended. Items are taken from the input only
   * as results are taken; nothing happens before the first is asked for. To leave the iteration (`break`) stops what runs,
   * and so does an aborted `signal`, which is thrown.
   *
   * @param task called with one item
   * @param items an iterable or async iterable; closed when the iteration ends early
   * @param options those of each call (`deadline`: of all), `concurrency`, `order`, `onProgress`
   * @returns an async iterable of `{ index, item, status, value | reason }`
   * @throws InvalidOptionError for a bad option; NotTransferableError for a task that cannot be sent
   * @throws (while iterating) what the input or `onProgress` throws; the reason of an aborted `signal`
   * @example examples/isolation/map.ts
   */
  map<Item, Result, D = never>(
    task: Task<Result, readonly [item: Item]>,
    items: Iterable<Item> | AsyncIterable<Item>,
    options: MapOptions<D> & { readonly error: false },
  ): AsyncIterableIterator<MapResult<Item, Awaited<Result> | D | undefined>, undefined>;
  map<Item, Result, D = never>(
    task: Task<Result, readonly [item: Item]>,
    items: Iterable<Item> | AsyncIterable<Item>,
    options?: MapOptions<D>,
  ): AsyncIterableIterator<MapResult<Item, Awaited<Result> | D>, undefined>;
  map(
    task: Task,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions = {},
  ): AsyncIterableIterator<MapResult<unknown, unknown>, undefined> {
    const { concurrency, order = 'input', onProgress, signal, ...call } = options;
    if ((order as unknown) !== 'input' && order !== 'completion') {
      throw invalidOptionType('order', "'input' or 'completion'", order);
    }
    const given = this.#completed(call);
    // A bad one is refused here and not item by item.
    const sent = transferableTask(task);
    parseCall(sent, { ...given, signal }, this.kind);
    // The call is over when its items are started.
    const callStack = captureCallStack(this.map);
    return new PoolMap({
      items: parseItems(items),
      start: (item) => this.#start(sent, { ...given, args: [item] }, this.map, callStack),
      concurrency: parseCount(concurrency, 'concurrency', 1) ?? this.size,
      order,
      onProgress: parseCallback(onProgress, 'onProgress'),
      signal,
    });
  }

  /** Settles when nothing runs or waits. */
  drain(): Promise<void> {
    return this.#pool.drain();
  }

  /** Takes no more calls; settles when those that were taken have ended, and all workers or processes with them. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /**
   * Takes no more calls and ends everything by force: calls that run or wait reject with an InvalidStateError. Settles when
   * all workers or processes have ended.
   */
  terminate(): Promise<void> {
    return this.#pool.terminate();
  }

  /** Counters, as they are now; a snapshot that does not change afterwards. */
  statistics(): PoolStatistics {
    const { hostCount, idleCount, running, waiting, counters } = this.#pool;
    const { completed, stopped, started, lost, recycled } = counters;
    return Object.freeze({
      hosts: hostCount,
      idle: idleCount,
      running,
      queued: waiting,
      completed,
      stopped,
      started,
      lost,
      recycled,
    });
  }

  /** Closes the pool at the end of a block: `await using pool = createPool(…)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(
    task: TransferableTask,
    given: GivenOptions,
    callSite: CallSite,
    callStack?: CallStack,
  ): PooledRun {
    const { scope, request } = parseCall(task, given, this.kind);
    return executeInPool(scope, this.#pool, request, callSite, callStack);
  }

  /** With what the pool says where a call says nothing. */
  #completed(given: GivenOptions): GivenOptions {
    const { timeout, queueTimeout, name } = this.#settings;
    if (timeout === Infinity && queueTimeout === Infinity && name === undefined) return given;
    const hasLimit = given.timeout !== undefined || typeof given.deadline === 'number';
    return {
      ...given,
      timeout: hasLimit ? given.timeout : timeout,
      queueTimeout: given.queueTimeout === undefined ? queueTimeout : given.queueTimeout,
      name: given.name ?? name,
    };
  }
}

/** A function, because the class is loaded with the first pool. */
export function newPool(options: PoolOptions): Pool {
  return new Pool(options);
}

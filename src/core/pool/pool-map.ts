import { follow, unfollow, type SignalFollower } from '../followed-signals.js';
import type { PooledRun } from './execute-in-pool.js';
import type { MapPlan, MapResult } from './map-plan.js';
import { ItemSource, type ItemReceiver } from './item-source.js';

type Read<Item, Value> = IteratorResult<MapResult<Item, Value>, undefined>;

/** Who waits for a result. */
interface Reader<Item, Value> {
  resolve(result: Read<Item, Value>): void;
  reject(error: unknown): void;
}

/** So many results may lie there for each item that may run: the slowest item is not to hold up the others. */
const WINDOW_PER_RUN = 2;

/** The results of many calls, one for each item. Items are taken from the input only as results are taken from here. */
export class PoolMap<Item, Value>
  implements
    AsyncIterableIterator<MapResult<Item, Value>, undefined>,
    ItemReceiver<Item>,
    SignalFollower
{
  readonly #plan: MapPlan<Item>;
  readonly #source: ItemSource<Item>;
  readonly #running = new Set<PooledRun>();
  readonly #readers: Reader<Item, Value>[] = [];
  /** Ended and not taken; in the order of their ends. */
  readonly #results = new Map<number, MapResult<Item, Value>>();
  #isOpen = false;
  #isPulling = false;
  #isExhausted = false;
  #started = 0;
  #taken = 0;
  #completed = 0;
  #rejected = 0;
  /** Nothing is started any more; settles when what ran has ended. */
  #stopped: Promise<void> | undefined;
  /** To be thrown at the next reader, once. */
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(plan: MapPlan<Item>) {
    this.#plan = plan;
    this.#source = new ItemSource(plan.items, this);
  }

  next(): Promise<Read<Item, Value>> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      if (!this.#isOpen) this.#open();
      this.#advance();
    });
  }

  /** Stops what runs and waits for its end; the input is closed. */
  async return(): Promise<Read<Item, Value>> {
    this.#isOpen = true;
    await this.#stop(new DOMException('The iteration was left', 'AbortError'));
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  onAbort(reason: unknown): void {
    this.failed(reason);
  }

  accept(item: Item): void {
    const index = this.#started++;
    const run = this.#plan.start(item);
    this.#running.add(run);
    run.promise.then(
      (value) => {
        this.#settle(run, { index, item, status: 'fulfilled', value: value as Value });
      },
      (reason: unknown) => {
        this.#settle(run, { index, item, status: 'rejected', reason });
      },
    );
    this.#pull();
  }

  exhausted(): void {
    this.#isExhausted = true;
    this.#deliver();
  }

  /** The whole of it ends: an error of the input or of a callback, or an aborted signal. */
  failed(error: unknown): void {
    if (this.#stopped !== undefined || this.#isOver) return;
    this.#failure = { error };
    void this.#stop(error);
  }

  #open(): void {
    this.#isOpen = true;
    const { signal } = this.#plan;
    if (signal?.aborted === true) this.failed(signal.reason);
    else if (signal !== undefined) follow(signal, this);
  }

  #advance(): void {
    this.#deliver();
    this.#pull();
  }

  #pull(): void {
    // Items that are there at once come back here.
    if (this.#isPulling) return;
    this.#isPulling = true;
    while (this.#source.isReady && this.#hasRoom()) this.#source.pull();
    this.#isPulling = false;
  }

  #hasRoom(): boolean {
    const { concurrency } = this.#plan;
    return (
      this.#stopped === undefined &&
      this.#running.size < concurrency &&
      this.#started - this.#taken < concurrency * WINDOW_PER_RUN
    );
  }

  #settle(run: PooledRun, result: MapResult<Item, Value>): void {
    this.#running.delete(run);
    if (this.#stopped !== undefined) return;
    const { index, status } = result;
    this.#completed++;
    if (status === 'rejected') this.#rejected++;
    this.#results.set(index, result);
    try {
      const { onProgress } = this.#plan;
      onProgress?.({ completed: this.#completed, rejected: this.#rejected, index, status });
    } catch (error) {
      this.failed(error);
      return;
    }
    this.#advance();
  }

  #deliver(): void {
    if (this.#stopped !== undefined && !this.#isOver) return;
    while (this.#readers.length > 0) {
      const result = this.#nextResult();
      if (result !== undefined) {
        this.#results.delete(result.index);
        this.#taken++;
        this.#readers.shift()?.resolve({ done: false, value: result });
      } else if (this.#failure !== undefined) {
        const { error } = this.#failure;
        this.#failure = undefined;
        this.#readers.shift()?.reject(error);
      } else if (this.#isOver || (this.#isExhausted && this.#started === this.#taken)) {
        this.#leave();
        this.#readers.shift()?.resolve({ done: true, value: undefined });
      } else {
        return;
      }
    }
  }

  #nextResult(): MapResult<Item, Value> | undefined {
    if (this.#plan.order === 'input') return this.#results.get(this.#taken);
    for (const result of this.#results.values()) return result;
    return undefined;
  }

  #stop(error: unknown): Promise<void> {
    return (this.#stopped ??= this.#end(error));
  }

  async #end(error: unknown): Promise<void> {
    const runs = [...this.#running];
    for (const run of runs) run.end(error);
    await Promise.allSettled(runs.map(({ promise }) => promise));
    try {
      await this.#source.close();
    } catch (thrown) {
      this.#failure ??= { error: thrown };
    }
    this.#results.clear();
    this.#leave();
    this.#deliver();
  }

  #leave(): void {
    this.#isOver = true;
    const { signal } = this.#plan;
    if (signal !== undefined) unfollow(signal, this);
  }
}

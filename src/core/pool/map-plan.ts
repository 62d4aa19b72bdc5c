import type { PooledRun } from './execute-in-pool.js';

/** How one item of a `map` ended. */
export type MapResult<Item, Value> = {
  /** The item's place in the input, from 0. */
  readonly index: number;
  readonly item: Item;
} & (
  | { readonly status: 'fulfilled'; readonly value: Value }
  | { readonly status: 'rejected'; readonly reason: unknown }
);

/** How far a `map` has come. */
export interface MapProgress {
  /** Items that have ended, in whatever way. */
  readonly completed: number;
  /** Those of them that were rejected. */
  readonly rejected: number;
  /** The item that has just ended. */
  readonly index: number;
  readonly status: 'fulfilled' | 'rejected';
}

/** What a {@link PoolMap} is made from. */
export interface MapPlan<Item> {
  readonly items: Iterable<Item> | AsyncIterable<Item>;
  /** Hands an item in. */
  readonly start: (item: Item) => PooledRun;
  /** How many items may be handed in at a time. */
  readonly concurrency: number;
  readonly order: 'input' | 'completion';
  readonly onProgress: ((progress: MapProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

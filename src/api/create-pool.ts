import { newPool, type Pool } from './pool.js';
import type { PoolOptions } from './pool-options.js';

/**
 * Makes a pool of worker threads or child processes.
 *
 * @param options what it consists of and its limits
 * @throws InvalidOptionError for a bad option
 * @throws StrategyUnavailableError when `minimum` is given and none can be started here
 * @example examples/isolation/pool.ts
 */
export function createPool(options: PoolOptions): Pool {
  return newPool(options);
}

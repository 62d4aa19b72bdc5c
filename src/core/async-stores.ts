import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Whether AsyncLocalStorage keeps its stores as properties of the executing async resource (Node 20 and 22, and later
 * ones under `--no-async-context-frame`) and not in a frame of the engine's.
 */
export const hasStoresOnResources: boolean = '_propagate' in AsyncLocalStorage.prototype;

/** Whether the stores of a resource are properties of one object on it (Node 24 and later) and not its own. */
export const storesHaveHolder: boolean = Number(process.versions.node.split('.')[0]) >= 24;

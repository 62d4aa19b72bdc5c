import { executionAsyncId, executionAsyncResource } from 'node:async_hooks';
import { acquireAsyncIdStack, asyncIdStackAtLoad, type AsyncIdStack } from './async-id-stack.js';
import { hasStoresOnResources, storesHaveHolder } from './async-stores.js';

/**
 * What a hard stop may leave behind in Node's bookkeeping of asynchronous contexts, as it was before the work: a number
 * in the common case, so that taking it allocates nothing.
 *
 * A hard stop runs no `finally`, those of Node's own JavaScript included. `asyncResource.runInAsyncScope()` then leaves
 * its entry on the stack of async ids, over which Node aborts the process when the callback around it returns, and
 * `asyncLocalStorage.run()` leaves its store in the caller's context.
 */
export type AsyncContext = number | DetailedAsyncContext;

interface DetailedAsyncContext {
  readonly length: number;
  readonly defaultTriggerAsyncId: number;
  /** Where AsyncLocalStorage keeps its stores; `undefined` where it keeps them elsewhere. */
  readonly resource: object | undefined;
  /** The symbols on the holder of its stores, and their values. */
  readonly keys: readonly symbol[];
  readonly values: readonly unknown[];
}

const NO_DEFAULT_TRIGGER = -1;
const NONE: readonly never[] = [];

let stack: AsyncIdStack | undefined = asyncIdStackAtLoad();

/** Takes down the asynchronous context of the running code; a few ns. */
export function captureAsyncContext(): AsyncContext {
  // Without a view of the stack: the id on top of it, told from a length by its sign.
  if (stack === undefined) return -1 - executionAsyncId();
  const storesOnResources = hasStoresOnResources && stack.usesResources();
  return !storesOnResources && stack.defaultTriggerAsyncId() === NO_DEFAULT_TRIGGER
    ? stack.length()
    : captureDetails(stack);
}

/**
 * Puts the asynchronous context back after a hard stop. Does nothing that can be seen where the work has left none of
 * its own; keeps silent where this Node offers no way.
 */
export function restoreAsyncContext(captured: AsyncContext): void {
  if (typeof captured === 'number') {
    if (captured >= 0) restore(captured, NO_DEFAULT_TRIGGER);
    else restoreById(-1 - captured);
    // The work was the first to use AsyncLocalStorage: every store is its own.
    if (hasStoresOnResources && stack?.usesResources() === true) {
      restoreStores(executionAsyncResource(), NONE, NONE);
    }
    return;
  }
  restore(captured.length, captured.defaultTriggerAsyncId);
  if (captured.resource !== undefined)
    restoreStores(captured.resource, captured.keys, captured.values);
}

function captureDetails(from: AsyncIdStack): DetailedAsyncContext {
  // Asking makes Node keep track of resources from then on, at a price: only where somebody else has asked before.
  const resource =
    hasStoresOnResources && from.usesResources() ? executionAsyncResource() : undefined;
  const holder = resource === undefined ? undefined : storeHolder(resource);
  const keys = holder === undefined ? NONE : Object.getOwnPropertySymbols(holder);
  return {
    length: from.length(),
    defaultTriggerAsyncId: from.defaultTriggerAsyncId(),
    resource,
    keys,
    values: keys.map((key) => holder?.[key]),
  };
}

/** Where AsyncLocalStorage has no frames: one symbol property for each store, on the resource that is executing. */
function restoreStores(
  resource: object,
  keys: readonly symbol[],
  values: readonly unknown[],
): void {
  const holder = storeHolder(resource);
  for (const key of Object.getOwnPropertySymbols(holder)) {
    if (key.description !== 'kResourceStore') continue;
    const index = keys.indexOf(key);
    if (index < 0) Reflect.deleteProperty(holder, key);
    else if (holder[key] !== values[index]) holder[key] = values[index];
  }
}

/** The resource itself; since Node 24 an object of its own on it. */
function storeHolder(resource: object): Record<symbol, unknown> {
  const properties = resource as Record<symbol, unknown>;
  if (!storesHaveHolder) return properties;
  const key = Object.getOwnPropertySymbols(resource).find(
    (symbol) => symbol.description === 'kAsyncLocalStorageContext',
  );
  const holder = key === undefined ? undefined : properties[key];
  return typeof holder === 'object' && holder !== null
    ? (holder as Record<symbol, unknown>)
    : properties;
}

function restore(length: number, defaultTriggerAsyncId: number): void {
  if (stack === undefined) return;
  if (stack.defaultTriggerAsyncId() !== defaultTriggerAsyncId) {
    stack.setDefaultTriggerAsyncId(defaultTriggerAsyncId);
  }
  while (stack.length() > length) {
    const asyncId = executionAsyncId();
    // As Node does after an uncaught exception: hooks see an `after` for each `before`.
    if (stack.hasAfterHooks() && asyncId > 0) {
      stack.emitAfter ??= acquireAsyncIdStack()?.emitAfter;
      stack.emitAfter?.(asyncId);
    }
    stack.pop(asyncId);
  }
}

/** Where only the id on top was known: goes back to the nearest entry with that id. */
function restoreById(asyncId: number): void {
  if (executionAsyncId() === asyncId) return;
  stack ??= acquireAsyncIdStack();
  if (stack === undefined) return;
  let length = stack.length();
  do length -= 1;
  while (length > 0 && stack.idAt(length) !== asyncId);
  if (stack.idAt(length) === asyncId) restore(length, NO_DEFAULT_TRIGGER);
}

import { capturedVariables } from '../strategy/captured-variables.js';
import { hasStoresOnResources } from './async-stores.js';

/** A view of the stack of async ids that Node keeps for each thread, in memory shared with its native part. */
export interface AsyncIdStack {
  /** How many entries it has. */
  length(): number;
  /** Whether anybody has ever looked at async resources here; AsyncLocalStorage does. */
  usesResources(): boolean;
  hasAfterHooks(): boolean;
  /** The id of the resource to be blamed for what is made now, or -1. */
  defaultTriggerAsyncId(): number;
  setDefaultTriggerAsyncId(asyncId: number): void;
  /** The id that is on top when the stack is `length` deep, for lengths below the present one. */
  idAt(length: number): number | undefined;
  /** Takes the top entry off; aborts the process unless that is `asyncId`. */
  pop(asyncId: number): unknown;
  /** Tells the `after` hooks; `undefined` where it cannot be reached. */
  emitAfter: ((asyncId: number) => void) | undefined;
}

interface AsyncWrap {
  readonly async_hook_fields: Uint32Array;
  readonly async_id_fields: Float64Array;
  /** Replaced when it grows. */
  readonly async_ids_stack: Float64Array;
  readonly constants: Readonly<Record<string, number>>;
  popAsyncContext(asyncId: number): boolean;
}

/**
 * The stack where it is needed from the start, since stores are kept on resources: Node 20 and 22 hand it out for the
 * asking, except under the permission model.
 */
export function asyncIdStackAtLoad(): AsyncIdStack | undefined {
  if (!hasStoresOnResources) return undefined;
  return fromAsyncWrap(asyncWrapBinding(), undefined) ?? acquireAsyncIdStack();
}

/** The stack by all means; takes some ms, for repairs only. `undefined` where there is none. */
export function acquireAsyncIdStack(): AsyncIdStack | undefined {
  const found = capturedVariables("process.getBuiltinModule('node:async_hooks').executionAsyncId", [
    'async_wrap',
    'emitAfterNative',
  ]);
  return fromAsyncWrap(found?.async_wrap, found?.emitAfterNative);
}

function fromAsyncWrap(candidate: unknown, emitAfter: unknown): AsyncIdStack | undefined {
  const wrap = candidate as Partial<AsyncWrap> | undefined;
  const fields = wrap?.async_hook_fields;
  const ids = wrap?.async_id_fields;
  if (!(fields instanceof Uint32Array && ids instanceof Float64Array)) return undefined;
  if (typeof wrap?.popAsyncContext !== 'function') return undefined;
  const { kStackLength, kUsesExecutionAsyncResource, kAfter, kDefaultTriggerAsyncId } =
    wrap.constants ?? {};
  if (kStackLength === undefined || kUsesExecutionAsyncResource === undefined) return undefined;
  if (kAfter === undefined || kDefaultTriggerAsyncId === undefined) return undefined;
  return {
    length: () => fields[kStackLength] ?? 0,
    usesResources: () => fields[kUsesExecutionAsyncResource] !== 0,
    hasAfterHooks: () => fields[kAfter] !== 0,
    defaultTriggerAsyncId: () => ids[kDefaultTriggerAsyncId] ?? -1,
    setDefaultTriggerAsyncId: (asyncId) => {
      ids[kDefaultTriggerAsyncId] = asyncId;
    },
    idAt: (length) => wrap.async_ids_stack?.[2 * length],
    pop: wrap.popAsyncContext,
    emitAfter: typeof emitAfter === 'function' ? (emitAfter as (id: number) => void) : undefined,
  };
}

/** Asking is deprecated, and nothing that our user could change: no warning. */
function asyncWrapBinding(): unknown {
  const owner = process as typeof process & {
    binding?: (name: string) => unknown;
    noDeprecation?: boolean;
  };
  const before = Object.getOwnPropertyDescriptor(owner, 'noDeprecation');
  try {
    owner.noDeprecation = true;
    return owner.binding?.('async_wrap');
  } catch {
    return undefined;
  } finally {
    if (before === undefined) Reflect.deleteProperty(owner, 'noDeprecation');
    else Object.defineProperty(owner, 'noDeprecation', before);
  }
}

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Scope } from './scope.js';

// Made at first need: it has a price for every promise of the process on Node 20 and 22.
let storage: AsyncLocalStorage<Scope | undefined> | undefined;

/** Whether there has been an asynchronous scope in this thread. */
export function hasAsyncScopes(): boolean {
  return storage !== undefined;
}

/** Calls `work` so that it, and all that it starts for later, is inside `scope`. */
export function runInside<T, A, B>(
  scope: Scope,
  work: (scope: Scope, first: A, second: B) => T,
  first: A,
  second: B,
): T {
  storage ??= new AsyncLocalStorage();
  return storage.run(scope, work, scope, first, second);
}

/** Calls `work` where it is inside what `scope` is in, but not inside `scope`. */
export function runAround<A, B>(
  scope: Scope,
  work: (first: A, second: B) => void,
  first: A,
  second: B,
): void {
  if (storage === undefined) work(first, second);
  else storage.run(scope.enclosing, work, first, second);
}

/**
 * The innermost asynchronous scope that still has a say over the running code: one that runs, or whose work goes on
 * although it was told to stop. What a scope that has ended otherwise left behind belongs to the scope around that.
 */
export function asyncScope(): Scope | undefined {
  let scope = storage?.getStore();
  // A scope may run again, on the stack, while work of an earlier run still goes on.
  while (scope !== undefined && !(scope.isAsync && scope.isBinding())) scope = scope.enclosing;
  return scope;
}

import type { Transferable } from 'node:worker_threads';

/** A call that the bridge is serving, as its service sees it. */
export interface ServedCall {
  /** Hands an event to the caller, which is blocked and takes it at once. */
  emit(event: unknown, transfer?: readonly Transferable[]): void;
  /**
   * Has `listener` called when the caller wants the call stopped: force is to be used at `hardDeadline`
   * (`performance.now()` scale of this thread). May be called more than once; the earliest counts.
   */
  onStop(listener: (hardDeadline: number) => void): void;
}

/** Serves one call: settles with its answer. What it throws is thrown in the caller. */
export type BridgeServe = (request: unknown, call: ServedCall) => Promise<unknown>;

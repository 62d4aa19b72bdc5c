import { subscribe } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';
import { failureOrder, stopScope } from '../core/async-node.js';
import { scopeAround } from '../core/async-step.js';
import type { Scope } from '../core/scope.js';
import { invalidOptionRange, invalidOptionType } from '../errors/invalid-option-error.js';
import { InvalidThreadError } from '../errors/invalid-thread-error.js';
import { StrategyUnavailableError } from '../errors/strategy-unavailable-error.js';
import { toTransferable } from '../errors/transfer.js';
import { RaiseResult } from '../native/binding.js';
import { nativeRefusal, raiseInFrame, raiseInThread } from '../strategy/native-strategy.js';
import { ownThreadId } from '../strategy/thread-id.js';

/**
 * Ends the innermost scope that is running in a thread, with an error of yours.
 *
 * The scope's work is stopped as a deadline would stop it, no `catch` and no `finally` of it runs; the scope throws
 * `error` and its state becomes `'interrupted'`. A shield holds the error off until it ends. Not stopped are built-ins
 * that never look at the engine's stack guard, before they return.
 *
 * @param threadId the `threadId` of `node:worker_threads`; 0 is the main thread, one's own is allowed
 * @param error thrown as it is in one's own thread; in another one a copy arrives, with class, message, stack and cause
 * @returns `true`: delivered; `false`: the thread lives, but runs no scope (or its scope is being ended already)
 * @throws InvalidThreadError when no live thread with this id is known: threads are known that have loaded hardstop, or
 *   were started by this thread
 * @throws InvalidOptionError when `threadId` is not an integer or `error` not an Error
 * @throws StrategyUnavailableError without the addon
 */
export function asyncRaise(threadId: number, error: Error): boolean {
  if (typeof threadId !== 'number') throw invalidOptionType('threadId', 'an integer', threadId);
  if (!Number.isInteger(threadId)) throw invalidOptionRange('threadId', 'an integer', threadId);
  if (!(error instanceof Error)) throw invalidOptionType('error', 'an Error', error);
  if (nativeRefusal !== undefined) {
    throw new StrategyUnavailableError(
      'native',
      `Raising an error in a running scope needs the native strategy, which is not there: ${nativeRefusal.message}`,
      { cause: nativeRefusal },
    );
  }
  if (threadId === ownThreadId()) return raiseHere(error);
  // Beyond the range of thread ids there is no thread.
  const isPossible = threadId >= 0 && threadId <= 0x7fff_ffff;
  const result = isPossible
    ? raiseInThread(threadId, process.getBuiltinModule('node:v8').serialize(toTransferable(error)))
    : RaiseResult.unknownThread;
  if (result === RaiseResult.delivered) return true;
  if (result === RaiseResult.noScope || isKnownToLive(threadId)) return false;
  throw new InvalidThreadError(
    threadId,
    `No live thread with the id ${String(threadId)} has loaded hardstop`,
  );
}

function raiseHere(error: Error): boolean {
  const scope = scopeAround();
  if (scope === undefined || scope.abort !== undefined) return false;
  if (scope.isAsync) return raiseInAsync(scope, error);
  scope.abort = { error };
  if (scope.isFramed) raiseInFrame(scope.depth);
  return true;
}

/** What has no break inside a part of a run is stopped at once, the rest of the run where it waits. */
function raiseInAsync(scope: Scope, error: Error): boolean {
  let run = scope;
  while (run.isShieldBoundary && run.enclosing !== undefined) run = run.enclosing;
  const { node } = run;
  if (node === undefined || node.order !== undefined) return false;
  stopScope(run, failureOrder({ error }, 0, node));
  if (scope === run && scope.isFramed) {
    scope.abort = { error };
    raiseInFrame(scope.depth);
  }
  return true;
}

// Workers that this thread has started: they live without having loaded hardstop. Node tells of each on this channel.
const startedHere = new Map<number, WeakRef<Worker>>();

subscribe('worker_threads', (message) => {
  const { worker } = message as { readonly worker: Worker };
  for (const [id, started] of startedHere) if (!isRunning(id, started)) startedHere.delete(id);
  startedHere.set(worker.threadId, new WeakRef(worker));
});

function isKnownToLive(threadId: number): boolean {
  // A worker cannot outlive the main thread.
  if (threadId === 0) return true;
  const started = startedHere.get(threadId);
  return started !== undefined && isRunning(threadId, started);
}

/** The id of a worker that has ended is -1. */
function isRunning(id: number, worker: WeakRef<Worker>): boolean {
  return worker.deref()?.threadId === id;
}

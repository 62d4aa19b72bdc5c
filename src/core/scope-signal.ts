/** What a scope's signal needs to know of its scope. */
export interface SignalSource {
  /** Whether the soft stop has come. */
  isExpired(): boolean;
  /** The error that the signal aborts with. */
  reason(): unknown;
}

/**
 * Makes the `AbortSignal` of a scope.
 *
 * Synchronous work keeps the event loop from delivering an abort, so the signal looks at the deadline itself whenever
 * it is asked: a loop that polls `signal.aborted` or calls `signal.throwIfAborted()` sees the soft stop at once, and
 * its listeners are called from there.
 */
export function makeScopeSignal(source: SignalSource): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  const poll = (): void => {
    if (!isAborted.call(signal) && source.isExpired()) controller.abort(source.reason());
  };
  Object.defineProperties(signal, {
    aborted: {
      configurable: true,
      get: () => {
        poll();
        return isAborted.call(signal);
      },
    },
    throwIfAborted: {
      configurable: true,
      writable: true,
      value: () => {
        poll();
        AbortSignal.prototype.throwIfAborted.call(signal);
      },
    },
  });
  return controller;
}

const isAborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get as (
  this: AbortSignal,
) => boolean;

/** An error thrown while another one was on its way; the shape of the language's own `SuppressedError`. */
export interface SuppressedErrorLike extends Error {
  /** The later error. */
  readonly error: unknown;
  /** The one that it would have hidden. */
  readonly suppressed: unknown;
}

/** What was on its way when cleanup began. */
export interface Failure {
  readonly error: unknown;
}

/** What a scope has to undo, last in first out, however it ends. */
export class CleanupStack {
  readonly #callbacks: (() => unknown)[] = [];

  push(callback: () => unknown): void {
    this.#callbacks[this.#callbacks.length] = callback;
  }

  /**
   * Runs every callback, also after one has thrown.
   *
   * @returns what is to be thrown: `failure` where all went well, otherwise an error that holds both, so that neither
   *   is lost (the rule of the language's `using`)
   */
  run(failure: Failure | undefined): Failure | undefined {
    let outcome = failure;
    // No method of arrays: work that was stopped may have replaced them.
    const callbacks = this.#callbacks;
    for (let last = callbacks.length - 1; last >= 0; last = callbacks.length - 1) {
      const callback = callbacks[last];
      callbacks.length = last;
      try {
        callback?.();
      } catch (error) {
        outcome = suppress(error, outcome);
      }
    }
    return outcome;
  }

  /** The same, waiting for the promises that callbacks return: the next one is called when the one before is done. */
  async runAsync(failure: Failure | undefined): Promise<Failure | undefined> {
    let outcome = failure;
    for (let callback = this.#callbacks.pop(); callback; callback = this.#callbacks.pop()) {
      try {
        await callback();
      } catch (error) {
        outcome = suppress(error, outcome);
      }
    }
    return outcome;
  }
}

/** Joins a new error to the one it would hide. */
export function suppress(error: unknown, hidden: Failure | undefined): Failure {
  return { error: hidden === undefined ? error : makeSuppressedError(error, hidden.error) };
}

/** Joins a failure to an earlier one that it would hide. */
export function join(
  earlier: Failure | undefined,
  later: Failure | undefined,
): Failure | undefined {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  return suppress(earlier.error, later);
}

type SuppressedErrorConstructor = new (
  error: unknown,
  suppressed: unknown,
  message?: string,
) => SuppressedErrorLike;

function makeSuppressedError(error: unknown, suppressed: unknown): SuppressedErrorLike {
  const message = 'An error was thrown while another one was on its way';
  const native = (globalThis as { readonly SuppressedError?: SuppressedErrorConstructor })
    .SuppressedError;
  if (native !== undefined) return new native(error, suppressed, message);
  const made = new Error(message);
  for (const [key, value] of Object.entries({ name: 'SuppressedError', error, suppressed })) {
    Object.defineProperty(made, key, { value, configurable: true, writable: true });
  }
  return made as SuppressedErrorLike;
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { runInside } from '../async-storage.js';
import type { RunNode } from '../run-node.js';

type EnterContext = (callback: () => void) => void;

/** The context that a call was made in: what happens to it later comes in somebody else's. */
export class CallContext {
  readonly #node: RunNode;
  /** Enters the caller's context; only after a wait, and where somebody is called there. */
  #callers: EnterContext | undefined;
  /** Enters that and the call's scope; only for messages. */
  #inScope: EnterContext | undefined;

  constructor(node: RunNode) {
    this.#node = node;
  }

  /** Keeps the caller's context, which is the present one. */
  keep(): void {
    this.#callers = takeSnapshot();
  }

  /** Keeps it for messages. */
  keepForMessages(): EnterContext {
    return (this.#inScope ??= runInside(this.#node.scope, takeSnapshot, undefined, undefined));
  }

  /** Calls back in the caller's context if that was kept. */
  enter(callback: () => void): void {
    if (this.#callers === undefined) callback();
    else this.#callers(callback);
  }

  /** Calls back in the call's scope, so that it can be prolonged from there; what is thrown there goes to `onThrown`. */
  receiver(
    onMessage: (message: unknown) => void,
    onThrown: (error: unknown) => void,
  ): (message: unknown) => void {
    const inScope = this.keepForMessages();
    return (message) => {
      if (this.#node.isOver) return;
      inScope(() => {
        try {
          onMessage(message);
        } catch (error) {
          onThrown(error);
        }
      });
    };
  }
}

function takeSnapshot(): EnterContext {
  return AsyncLocalStorage.snapshot();
}

import { now } from '../../clock.js';

/**
 * Hands the messages of a task to a caller that blocks, as they come. What is read only when force was due has waited
 * behind others: it is handed on if the task has come to its end by itself, so that no flood of messages keeps the caller
 * of a task that was stopped.
 */
export class MessageDelivery {
  readonly #onMessage: (message: unknown) => void;
  readonly #until: number;
  #late: unknown[] = [];

  /** @param until when force is due, `performance.now()` scale */
  constructor(onMessage: (message: unknown) => void, until: number) {
    this.#onMessage = onMessage;
    this.#until = until;
  }

  /** Takes the next message; what the callback throws is thrown from here. */
  deliver(message: unknown): void {
    if (now() < this.#until) this.#onMessage(message);
    else this.#late.push(message);
  }

  /** The task was not stopped. */
  deliverRest(): void {
    const late = this.#late;
    this.#late = [];
    for (const message of late) this.#onMessage(message);
  }
}

import { invalidOptionType } from '../../errors/invalid-option-error.js';

/** Where the items of a map come from, and who gets them. */
export interface ItemReceiver<Item> {
  /** The next item. */
  accept(item: Item): void;
  /** There are no more. */
  exhausted(): void;
  /** The input has thrown: there are no more. */
  failed(error: unknown): void;
}

/** Checks that something can be gone through. */
export function parseItems<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
): Iterable<Item> | AsyncIterable<Item> {
  const given: unknown = items;
  const isObject = typeof given === 'object' && given !== null;
  if (isObject && (Symbol.asyncIterator in given || Symbol.iterator in given)) return items;
  throw invalidOptionType('items', 'an iterable or async iterable', given);
}

/** Reads an iterable or async iterable, one item at a time. Opened when the first is asked for. */
export class ItemSource<Item> {
  readonly #items: Iterable<Item> | AsyncIterable<Item>;
  readonly #receiver: ItemReceiver<Item>;
  #iterator: Iterator<Item> | undefined;
  #asyncIterator: AsyncIterator<Item> | undefined;
  #isWaiting = false;
  #isOver = false;

  constructor(items: Iterable<Item> | AsyncIterable<Item>, receiver: ItemReceiver<Item>) {
    this.#items = items;
    this.#receiver = receiver;
  }

  /** Whether an item can be asked for: there may be one, and none is on its way. */
  get isReady(): boolean {
    return !this.#isWaiting && !this.#isOver;
  }

  /** Asks for an item: given at once, or later. */
  pull(): void {
    try {
      if (this.#iterator === undefined && this.#asyncIterator === undefined) this.#open();
      if (this.#iterator !== undefined) this.#take(this.#iterator.next());
      else this.#await((this.#asyncIterator as AsyncIterator<Item>).next());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends the input early: its own cleanup runs. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#iterator !== undefined) {
      this.#iterator.return?.();
      return;
    }
    const closed = this.#asyncIterator?.return?.();
    // Its cleanup comes after the item that it still waits for, which may never be there.
    if (this.#isWaiting) closed?.then(undefined, () => undefined);
    else await closed;
  }

  #open(): void {
    const items = this.#items;
    if (Symbol.asyncIterator in items) this.#asyncIterator = items[Symbol.asyncIterator]();
    else this.#iterator = items[Symbol.iterator]();
  }

  #await(next: Promise<IteratorResult<Item>>): void {
    this.#isWaiting = true;
    void Promise.resolve(next).then(
      (result) => {
        this.#isWaiting = false;
        if (this.#isOver) return;
        try {
          this.#take(result);
        } catch (error) {
          this.#fail(error);
        }
      },
      (error: unknown) => {
        this.#isWaiting = false;
        if (!this.#isOver) this.#fail(error);
      },
    );
  }

  #take(result: IteratorResult<Item, unknown>): void {
    if (result.done !== true) {
      this.#receiver.accept(result.value);
      return;
    }
    this.#isOver = true;
    this.#receiver.exhausted();
  }

  #fail(error: unknown): void {
    this.#isOver = true;
    this.#receiver.failed(error);
  }
}

/** An entry of a {@link CallQueue}; its links are the queue's. */
export interface Queued<Entry> {
  next: Entry | undefined;
  previous: Entry | undefined;
  isQueued: boolean;
}

/** First in, first out; an entry can also leave from the middle, whatever the length. */
export class CallQueue<Entry extends Queued<Entry>> {
  #first: Entry | undefined;
  #last: Entry | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): Entry | undefined {
    return this.#first;
  }

  push(entry: Entry): void {
    entry.previous = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    entry.isQueued = true;
    this.#length++;
  }

  shift(): Entry | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Nothing happens where it is not in the queue. */
  remove(entry: Entry): void {
    if (!entry.isQueued) return;
    const { next, previous } = entry;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    entry.next = entry.previous = undefined;
    entry.isQueued = false;
    this.#length--;
  }
}

/** What stands in a {@link DeadlineQueue}; the queue writes `position`, its owner the rest. */
export interface QueueEntry {
  /** Instant on the clock of the queue's owner, ms. While the entry is queued a change needs {@link DeadlineQueue.move}. */
  deadline: number;
  /** How many scopes are around this one: of equal deadlines the smaller one comes first. */
  nesting: number;
  /** The entry's index in the heap; -1 while it is not queued. */
  position: number;
}

/** Children of one entry: four deadlines lie in one cache line or two, and the tree is half as deep as with two. */
const ARITY = 4;

/**
 * The pending deadlines, the earliest first and of equal ones the outermost: a heap whose entries know their places, so
 * that each can be removed or moved without a search.
 *
 * The deadlines stand once more in an array of their own: comparing then reads neighbouring numbers, not objects that lie
 * anywhere in memory.
 */
export class DeadlineQueue<E extends QueueEntry> {
  readonly #entries: E[] = [];
  readonly #deadlines: number[] = [];

  /** How many entries are queued. */
  get size(): number {
    return this.#entries.length;
  }

  /** Queues an entry that is not queued. One whose deadline is the latest costs a single comparison. */
  push(entry: E): void {
    const position = this.#entries.length;
    this.#entries.push(entry);
    this.#deadlines.push(entry.deadline);
    this.#rise(entry, position);
  }

  /** Takes an entry out, wherever it stands; nothing where it is not queued. */
  remove(entry: E): void {
    const { position } = entry;
    if (position < 0) return;
    entry.position = -1;
    const last = this.#entries.pop() as E;
    this.#deadlines.pop();
    if (last !== entry) this.#settle(last, position);
  }

  /** The entry whose turn is next; it stays queued. */
  first(): E | undefined {
    return this.#entries[0];
  }

  /** Puts a queued entry where it belongs after its `deadline` or `nesting` was changed; nothing where it is not queued. */
  move(entry: E): void {
    if (entry.position >= 0) this.#settle(entry, entry.position);
  }

  /** Puts an entry at a place that is free, or its own already, and from there up or down to where it belongs. */
  #settle(entry: E, position: number): void {
    if (this.#rise(entry, position) === position) this.#sink(entry, position);
  }

  #rise(entry: E, from: number): number {
    const entries = this.#entries;
    const deadlines = this.#deadlines;
    const { deadline, nesting } = entry;
    let position = from;
    while (position > 0) {
      const above = Math.trunc((position - 1) / ARITY);
      const deadlineAbove = deadlines[above] as number;
      const parent = entries[above] as E;
      if (deadlineAbove < deadline || (deadlineAbove === deadline && parent.nesting <= nesting))
        break;
      this.#put(parent, deadlineAbove, position);
      position = above;
    }
    this.#put(entry, deadline, position);
    return position;
  }

  #sink(entry: E, from: number): void {
    const entries = this.#entries;
    const deadlines = this.#deadlines;
    const size = entries.length;
    const { deadline, nesting } = entry;
    let position = from;
    for (;;) {
      let below = position * ARITY + 1;
      if (below >= size) break;
      const end = Math.min(below + ARITY, size);
      let earliest = deadlines[below] as number;
      for (let other = below + 1; other < end; other++) {
        const candidate = deadlines[other] as number;
        if (
          candidate < earliest ||
          (candidate === earliest && (entries[other] as E).nesting < (entries[below] as E).nesting)
        ) {
          below = other;
          earliest = candidate;
        }
      }
      const child = entries[below] as E;
      if (deadline < earliest || (deadline === earliest && nesting <= child.nesting)) break;
      this.#put(child, earliest, position);
      position = below;
    }
    this.#put(entry, deadline, position);
  }

  #put(entry: E, deadline: number, position: number): void {
    this.#entries[position] = entry;
    this.#deadlines[position] = deadline;
    entry.position = position;
  }
}

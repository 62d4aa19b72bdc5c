// Which calls a worker may begin by itself. Its owner sends the next call while one runs, so that the worker need not sleep
// in between; until the worker begins it, the owner can take it back. Both sides decide in one memory cell for each call,
// so that a call is never begun here and run elsewhere as well.

import { sharedNow } from './worker-cells.js';

/** One call that runs and one that is to be next; their ids follow each other. */
const OFFERS = 2;
const IDS_BYTES = OFFERS * Int32Array.BYTES_PER_ELEMENT;

/** The calls that were sent to a worker and that it has not begun: its owner's end, and its own. */
export class CallOffers {
  readonly buffer: SharedArrayBuffer;
  /** The id of a call that may be begun, in the cell of its parity; 0: none. */
  readonly #ids: Int32Array;
  /** When the call of that cell was begun, on the shared scale. Written before its id is taken out, read after that. */
  readonly #begun: Float64Array;

  constructor(
    buffer: SharedArrayBuffer = new SharedArrayBuffer(
      IDS_BYTES + OFFERS * Float64Array.BYTES_PER_ELEMENT,
    ),
  ) {
    this.buffer = buffer;
    this.#ids = new Int32Array(buffer, 0, OFFERS);
    this.#begun = new Float64Array(buffer, IDS_BYTES, OFFERS);
  }

  /** Owner: whether the last call but one has been begun or taken back. */
  hasRoom(id: number): boolean {
    return Atomics.load(this.#ids, id % OFFERS) === 0;
  }

  /** Owner: before the call is posted. */
  offer(id: number): void {
    Atomics.store(this.#ids, id % OFFERS, id);
  }

  /** Owner: `true`: the worker will not begin it any more. `false`: it has. */
  takeBack(id: number): boolean {
    return Atomics.compareExchange(this.#ids, id % OFFERS, id, 0) === id;
  }

  /** Owner: when a call that was not taken back was begun, on the shared scale; `undefined`: not yet. */
  begunAt(id: number): number | undefined {
    return Atomics.load(this.#ids, id % OFFERS) === id ? undefined : this.#begun[id % OFFERS];
  }

  /** Worker: begins it, and says when; `undefined`: it was taken back. */
  begin(id: number): number | undefined {
    const instant = sharedNow();
    this.#begun[id % OFFERS] = instant;
    return Atomics.compareExchange(this.#ids, id % OFFERS, id, 0) === id ? instant : undefined;
  }
}

// The memory in which an owner tells its worker that it has moved the limits of a call: a task that runs without a break
// hears no message, and asks here before it takes a deadline for passed.

import { now } from '../clock.js';

/** The layout: two words, then two doubles. */
const VERSION = 0;
const ID = 1;
const DEADLINE = 1;
const HARD_DEADLINE = 2;
const BYTES = 24;

/** Instants are on the scale of `sharedNow()`. */
export interface MovedTo {
  readonly version: number;
  readonly deadline: number;
  readonly hardDeadline: number;
}

/** So long a writer is waited for that may have lost its core, ms. */
const LONGEST_WRITE = 10;

/**
 * Both ends of it. One thread writes, one reads; the version is odd while it is written. It stays so where the writer was
 * unwound by a `node:vm` timeout: then nothing is known to have been moved, until the next time.
 */
export class MovedLimits {
  readonly buffer: SharedArrayBuffer;
  /** The version of a write that did not come to its end. */
  #cut = 0;
  readonly #words: Int32Array;
  readonly #instants: BigInt64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#instants = new BigInt64Array(buffer);
  }

  /** Owner: the limits of request `id` are these from now on. */
  move(id: number, deadline: number, hardDeadline: number): void {
    const version = Atomics.or(this.#words, VERSION, 1) | 1;
    Atomics.store(this.#words, ID, id);
    Atomics.store(this.#instants, DEADLINE, bitsOf(deadline));
    Atomics.store(this.#instants, HARD_DEADLINE, bitsOf(hardDeadline));
    Atomics.store(this.#words, VERSION, version + 1);
  }

  /** Worker: what the limits of request `id` were moved to since `seen`, a version; 0: since its beginning. */
  movedSince(seen: number, id: number): MovedTo | undefined {
    let until = NaN;
    for (;;) {
      const version = Atomics.load(this.#words, VERSION);
      if (version === seen || version === this.#cut) return undefined;
      if (version % 2 !== 0) {
        const time = now();
        if (Number.isNaN(until)) until = time + LONGEST_WRITE;
        if (time >= until) this.#cut = version;
        continue;
      }
      const owner = Atomics.load(this.#words, ID);
      const deadline = instantOf(Atomics.load(this.#instants, DEADLINE));
      const hardDeadline = instantOf(Atomics.load(this.#instants, HARD_DEADLINE));
      if (Atomics.load(this.#words, VERSION) !== version) continue;
      return owner === id ? { version, deadline, hardDeadline } : undefined;
    }
  }
}

const double = new Float64Array(1);
const bits = new BigInt64Array(double.buffer);

function bitsOf(instant: number): bigint {
  double[0] = instant;
  return bits[0] as bigint;
}

function instantOf(stored: bigint): number {
  bits[0] = stored;
  return double[0] as number;
}

// The memory that a bridge shares with the thread that waits for it; see worker-cells.ts.

/** How many messages the bridge has posted, on all lanes. The cell that the caller sleeps on. */
const POSTED = 0;
/** 1 from when the thread's exit handlers run. */
const EXITING = 1;
/** 1 from when the thread's program has begun. */
const BEGUN = 2;
const CELLS = 3;

/** A bridge's end of the shared cells, and its caller's. */
export class BridgeCells {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(CELLS * 4)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  get posted(): number {
    return Atomics.load(this.#cells, POSTED);
  }

  get isExiting(): boolean {
    return Atomics.load(this.#cells, EXITING) === 1;
  }

  get hasBegun(): boolean {
    return Atomics.load(this.#cells, BEGUN) === 1;
  }

  /** Caller: sleeps until `posted` differs from `seen`, the thread begins to exit, or `ms` have passed. */
  wait(seen: number, ms: number): void {
    Atomics.wait(this.#cells, POSTED, seen, ms);
  }

  /** Bridge: the thread runs. */
  begin(): void {
    Atomics.store(this.#cells, BEGUN, 1);
  }

  /** Bridge: a message has been posted. */
  post(): void {
    Atomics.add(this.#cells, POSTED, 1);
    Atomics.notify(this.#cells, POSTED);
  }

  /** Bridge: the thread is about to end. */
  exit(): void {
    Atomics.store(this.#cells, EXITING, 1);
    Atomics.notify(this.#cells, POSTED);
  }
}

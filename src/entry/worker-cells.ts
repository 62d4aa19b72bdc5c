// The memory that a worker shares with the thread that waits for it: the waiting thread sleeps in `Atomics.wait`, where
// no message can reach it, and reads the reply itself once a cell has changed.

/** Id of the request that was answered last. */
const ANSWERED = 0;
/** 1 from when the thread's exit handlers run. */
const EXITING = 1;
const EXIT_CODE = 2;
/** Id of the request whose task has ended and whose answer is in the making; 0: of none. */
const REPLYING = 3;
/** How many messages and answers have been posted. The cell that the caller sleeps on. */
const POSTED = 4;
const COUNT = 5;

/** The id that a worker answers when it is ready for its first request. */
export const READY_ID = 1;

/**
 * The request with this id is the last one that a worker serves, but for one that was on its way: the cells have no room
 * for larger ids. It is replaced then.
 */
export const LAST_ID: number = 2 ** 31 - 2;

// Bound at load, so that fake timers cannot replace it later.
const hrtime = process.hrtime.bind(process);

/** Milliseconds on the monotonic clock, the same in all threads: `performance.now()` starts anew in each. */
export function sharedNow(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** A worker's end of the shared cells, and its caller's. */
export class WorkerCells {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(
    buffer: SharedArrayBuffer = new SharedArrayBuffer(COUNT * Int32Array.BYTES_PER_ELEMENT),
  ) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  get answered(): number {
    return Atomics.load(this.#cells, ANSWERED);
  }

  get posted(): number {
    return Atomics.load(this.#cells, POSTED);
  }

  get replying(): number {
    return Atomics.load(this.#cells, REPLYING);
  }

  /** `undefined` while no exit handler has run, and for ever if the thread ended without running any. */
  get exitCode(): number | undefined {
    return Atomics.load(this.#cells, EXITING) === 1
      ? Atomics.load(this.#cells, EXIT_CODE)
      : undefined;
  }

  /** Caller: sleeps until `posted` differs from `seen`, which it does too when the thread begins to exit, or `ms` have passed. */
  wait(seen: number, ms: number): void {
    Atomics.wait(this.#cells, POSTED, seen, ms);
  }

  /** Worker: the task of request `id` has ended; its answer is made now, */
  beginReply(id: number): void {
    Atomics.store(this.#cells, REPLYING, id);
  }

  /** and is as good as posted. */
  endReply(): void {
    Atomics.store(this.#cells, REPLYING, 0);
  }

  /** Worker: the reply to request `id` has been posted. */
  answer(id: number): void {
    Atomics.store(this.#cells, ANSWERED, id);
    this.post();
  }

  /** Worker: something has been posted. */
  post(): void {
    Atomics.add(this.#cells, POSTED, 1);
    Atomics.notify(this.#cells, POSTED);
  }

  /** Worker: the thread is about to end by itself. */
  exit(code: number): void {
    Atomics.store(this.#cells, EXIT_CODE, code);
    Atomics.store(this.#cells, EXITING, 1);
    this.post();
  }
}

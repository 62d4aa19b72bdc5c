import * as timers from 'node:timers';
import type { Readable } from 'node:stream';

// As they are when this module is loaded: users' fake timers have no part in this.
const { setTimeout: startTimer, clearTimeout: stopTimer, setImmediate: nextTurn } = timers;

const LONGEST_DELAY = 2 ** 31 - 1;

/** Turns of the event loop in which what is in the pipes at the end is still read: some pipes' worth. */
const LAST_TURNS = 64;

/** Gives streams a time to end after their process has, and closes those that others still hold open. */
export class OutputDrain {
  readonly #streams: readonly Readable[];
  #timer: NodeJS.Timeout | undefined;
  #isOver: boolean = false;
  /** Whether a stream was closed before its end. */
  hasCut: boolean = false;

  constructor(streams: readonly Readable[]) {
    this.#streams = streams;
  }

  /** Closes what is still open `ms` from now; replaces the time that was set before. */
  within(ms: number): void {
    if (this.#isOver || ms === Infinity) return;
    stopTimer(this.#timer);
    this.#timer = startTimer(
      () => {
        this.#readRest(LAST_TURNS, undefined);
      },
      Math.min(ms, LONGEST_DELAY),
    );
  }

  /** All streams have ended. */
  stop(): void {
    this.#isOver = true;
    stopTimer(this.#timer);
  }

  /** What was written in time is read, however busy this thread was: until nothing more comes. */
  #readRest(turns: number, before: number | undefined): void {
    if (this.#isOver) return;
    const read = this.#bytesRead();
    if (read === before || turns === 0) {
      this.#cut();
      return;
    }
    nextTurn(() => {
      nextTurn(() => {
        this.#readRest(turns - 1, read);
      });
    });
  }

  #bytesRead(): number {
    let sum = 0;
    for (const stream of this.#streams) {
      const { bytesRead } = stream as Partial<Record<'bytesRead', number>>;
      sum += bytesRead ?? 0;
    }
    return sum;
  }

  #cut(): void {
    for (const stream of this.#streams) {
      if (stream.readableEnded || stream.destroyed) continue;
      this.hasCut = true;
      stream.destroy();
    }
  }
}

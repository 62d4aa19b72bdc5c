import { write } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { now } from '../../clock.js';

const RETRY_MS = 2;
/** Who can still write and has not for so long, ms, is not waited for. */
const QUIET_MS = 100;

/** Passes on what a command writes, in order. Slow readers hold the command up, not this thread. */
export class OutputRelay {
  /** Settles when the command's ends are closed, or nobody reads any more. */
  readonly #done: Promise<unknown>;
  readonly #onOutput: () => void;
  #pending = 0;
  #lastOutputAt = now();

  constructor(
    [output, errors]: readonly [AsyncIterable<Uint8Array>, AsyncIterable<Uint8Array>],
    onOutput: () => void,
  ) {
    this.#onOutput = onOutput;
    this.#done = Promise.all([this.#relay(output, 1), this.#relay(errors, 2)]);
  }

  /** Whether something that was written waits for its reader. */
  get isHeldUp(): boolean {
    return this.#pending > 0;
  }

  /**
   * Passes on what the command has left when it ended. Somebody else who can still write is not waited for, a slow reader
   * is for `longest` ms.
   */
  async passOnRest(longest: number): Promise<void> {
    const endAt = now() + longest;
    const isOver = this.#done.then(() => true);
    for (;;) {
      if (await Promise.race([isOver, wait(QUIET_MS, false)])) return;
      const isQuiet = !this.isHeldUp && now() - this.#lastOutputAt >= QUIET_MS;
      if (isQuiet || now() >= endAt) return;
    }
  }

  async #relay(source: AsyncIterable<Uint8Array>, target: number): Promise<void> {
    try {
      for await (const chunk of source) {
        this.#pending += 1;
        await writeAll(target, chunk).finally(() => (this.#pending -= 1));
        this.#lastOutputAt = now();
        this.#onOutput();
      }
    } catch {
      // The reader has gone: the pipe is closed here, and the command learns it when it writes.
    }
  }
}

async function writeAll(target: number, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) {
    const written = await tryWrite(target, rest);
    if (written === 0) await wait(RETRY_MS);
    rest = rest.subarray(written);
  }
}

/** 0: it would block, where somebody else has set it so. */
function tryWrite(target: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(target, bytes, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === 'EAGAIN') resolve(0);
      else reject(error);
    });
  });
}

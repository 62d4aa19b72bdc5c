import type { Readable } from 'node:stream';
import { InvalidStateError } from '../../errors/invalid-state-error.js';
import type { OutputStream } from '../../strategy/command/command-request.js';
import type { HeldOutput } from '../../strategy/command/held-output.js';
import { LineReader } from '../../strategy/command/line-reader.js';
import type { OutputEncoding } from '../../strategy/command/output-capture.js';
import type { RunningCommand } from '../../strategy/command/running-command.js';

/**
 * One output stream of a command that was started. Nothing of it is lost before somebody reads it: its user, as a stream or by
 * lines, or whoever waits for the command's result, for which it is kept.
 */
export class ReadableOutput {
  readonly #name: OutputStream;
  readonly #running: RunningCommand | undefined;
  readonly #held: HeldOutput | undefined;
  #lines: LineReader | undefined;
  #isKept = false;

  constructor(name: OutputStream, running: RunningCommand | undefined) {
    this.#name = name;
    this.#running = running;
    this.#held = running?.streams?.hold(name);
  }

  /** `undefined`: it does not come to us. */
  get stream(): Readable | undefined {
    return this.#held?.stream;
  }

  /** Keeps what nobody has begun to read: a pipe that is full would hold the command up. */
  keep(): void {
    if (this.#held === undefined || this.#isKept || this.#isRead()) return;
    this.#isKept = true;
    this.#running?.streams?.keep(this.#held.stream, this.#name);
  }

  /** @throws InvalidStateError if somebody reads it already */
  refuseIfRead(): void {
    if (this.#isKept || !this.#isRead()) return;
    throw new InvalidStateError(`The command's ${this.#name} is being read by somebody else`);
  }

  /** Settles when all that is kept is there. */
  async untilRead(): Promise<void> {
    const source = this.stream;
    if (!this.#isKept || source === undefined || source.readableEnded) return;
    await new Promise<void>((resolve) => source.once('end', resolve).once('close', resolve));
  }

  /**
   * Its lines, from where they were left.
   *
   * @throws InvalidStateError where it does not come to us, or is kept
   */
  lines(encoding: OutputEncoding, maxBuffer: number): LineReader {
    if (this.#lines !== undefined) return this.#lines;
    if (this.#held === undefined) {
      throw new InvalidStateError(`The command's ${this.#name} does not come here`);
    }
    if (this.#isKept) {
      throw new InvalidStateError(`The command's ${this.#name} is kept for its result`);
    }
    const text = encoding === 'buffer' ? 'utf8' : encoding;
    return (this.#lines = new LineReader(this.#held.stream, text, maxBuffer));
  }

  #isRead(): boolean {
    const source = this.stream;
    if (source === undefined) return false;
    return (
      this.#lines !== undefined ||
      source.listenerCount('data') > 0 ||
      source.listenerCount('readable') > 0
    );
  }
}

import { PassThrough, type Readable } from 'node:stream';

/**
 * Output that waits for a reader. Node throws away what nobody has read when a process ends; this keeps it, and, while the
 * process runs, has it wait where it writes more than is read.
 */
export class HeldOutput {
  readonly stream: Readable;
  readonly #sink: PassThrough = new PassThrough();
  readonly #source: Readable;

  constructor(source: Readable, onActivity: () => void) {
    this.stream = this.#sink;
    this.#source = source;
    source.on('data', onActivity);
    source.pipe(this.#sink, { end: false });
    source.once('close', () => this.#sink.end());
  }

  /** Whether the process may be silent only because nobody reads. */
  get isFull(): boolean {
    return this.#sink.writableNeedDrain;
  }

  /** The process has ended: what is left, some pipes' worth, is taken at once, whether it is read or not. */
  takeRest(): void {
    this.#source.unpipe(this.#sink);
    this.#source.on('data', (chunk: Buffer) => this.#sink.write(chunk));
  }
}

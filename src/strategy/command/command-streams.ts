import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { CommandRequest, OutputStream } from './command-request.js';
import { feedInput, ignoreBreaks } from './feed-input.js';
import { HeldOutput } from './held-output.js';
import type { OutputCapture } from './output-capture.js';

/** The streams of a command that come through this thread. */
export class CommandStreams {
  readonly #child: ChildProcess;
  readonly #request: CommandRequest;
  readonly #capture: OutputCapture;
  readonly #onActivity: () => void;
  readonly #held: HeldOutput[] = [];

  constructor(
    child: ChildProcess,
    request: CommandRequest,
    capture: OutputCapture,
    onActivity: () => void,
  ) {
    this.#child = child;
    this.#request = request;
    this.#capture = capture;
    this.#onActivity = onActivity;
    if (child.stdin !== null) ignoreBreaks(child.stdin);
  }

  /** Those that the process writes to. */
  get output(): readonly Readable[] {
    const { stdout, stderr } = this.#child;
    return [stdout, stderr].filter((stream) => stream !== null);
  }

  /** Whether the process may be silent only because nobody reads. */
  get isHeldUp(): boolean {
    return this.#held.some(({ isFull }) => isFull);
  }

  /** Writes all of its input, and keeps all of its output. */
  exchangeAll(): void {
    const { stdin, stdout, stderr } = this.#child;
    if (stdin !== null) feedInput(stdin, this.#request.input);
    if (stdout !== null && this.#request.stdout === 'pipe') this.keep(stdout, 'stdout');
    if (stderr !== null && this.#request.stderr === 'pipe') this.keep(stderr, 'stderr');
  }

  /** A stream of its output for whoever reads it, if it comes to us: nothing of it is lost or kept. */
  hold(stream: OutputStream): HeldOutput | undefined {
    const source = this.#child[stream];
    if (source === null || this.#request[stream] !== 'pipe') return undefined;
    const held = new HeldOutput(source, this.#onActivity);
    this.#held.push(held);
    return held;
  }

  /** Has output kept from here on. */
  keep(source: Readable, stream: OutputStream): void {
    // Where there is no shell that does it the streams are merged here.
    const kept = this.#request.mergeStderr ? 'stdout' : stream;
    source.on('data', (chunk: Buffer) => {
      this.#capture.take(chunk, kept);
    });
    source.once('end', () => {
      this.#capture.end(kept);
    });
  }

  /** The process has ended. */
  processEnded(): void {
    // The pipe of its input has no reader; others may have it open, and never close it.
    this.#child.stdin?.destroy();
    for (const held of this.#held) held.takeRest();
  }

  /** Nobody waits for them any longer. */
  destroy(): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const stream of [stdin, stdout, stderr]) stream?.destroy();
  }
}

import { createWriteStream, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { OutputFile } from './command-request.js';
import { openOutput } from './spawn-command.js';

/** Whom a file is told to while it is written. */
export interface FileListener {
  onActivity(): void;
  onOverflow(): void;
  /** The file could not be written. */
  onFailed(error: Error): void;
}

/** Writes a stream of output to a file of bounded size. Reads no faster than it writes. */
export class FileSink {
  readonly #sink: WriteStream;
  readonly #target: OutputFile;
  #size: number = 0;
  isTruncated: boolean = false;
  /** Settles once all that was taken is in the file. Never rejects. */
  readonly written: Promise<void>;
  listener: FileListener | undefined;

  /** @throws what opening the file throws */
  constructor(target: OutputFile) {
    this.#target = target;
    this.#sink = createWriteStream('', { fd: openOutput(target) });
    this.written = new Promise((resolve) => this.#sink.once('close', resolve));
    this.#sink.on('error', (error) => this.listener?.onFailed(error));
  }

  /** Takes what comes of a stream until it ends or is destroyed. */
  drain(source: Readable): void {
    source.on('data', (chunk: Buffer) => {
      this.listener?.onActivity();
      if (!this.#write(chunk)) {
        source.pause();
        this.#sink.once('drain', () => source.resume());
      }
    });
    source.once('close', () => {
      this.close();
    });
  }

  close(): void {
    this.#sink.end();
  }

  #write(chunk: Buffer): boolean {
    const room = this.#target.maxSize - this.#size;
    const part = chunk.length <= room ? chunk : chunk.subarray(0, Math.max(0, room));
    this.#size += part.length;
    if (part.length < chunk.length && !this.isTruncated) {
      this.isTruncated = true;
      this.listener?.onOverflow();
    }
    return part.length === 0 || !this.#sink.writable || this.#sink.write(part);
  }
}

import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { CommandRequest, OutputStream } from './command-request.js';
import { FileSink } from './file-sink.js';

/** Whom the files of a command are told to while they are written. */
export interface OutputFilesListener {
  onActivity(): void;
  onOverflow(stream: OutputStream): void;
  onFailed(error: Error): void;
}

/** The files of bounded size that the output of a command goes to. */
export class OutputFiles {
  readonly #sinks: Map<OutputStream, FileSink> = new Map<OutputStream, FileSink>();

  /** @throws what opening a file throws; those that were opened before are closed then */
  constructor(request: CommandRequest) {
    try {
      for (const stream of ['stdout', 'stderr'] as const) {
        const target = request[stream];
        if (typeof target !== 'object' || target.maxSize === Infinity) continue;
        this.#sinks.set(stream, new FileSink(target));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Takes all that the process prints for them. */
  drain(child: ChildProcess, listener: OutputFilesListener): void {
    for (const [stream, sink] of this.#sinks) {
      sink.listener = {
        onActivity: () => {
          listener.onActivity();
        },
        onOverflow: () => {
          listener.onOverflow(stream);
        },
        onFailed: (error) => {
          listener.onFailed(error);
        },
      };
      sink.drain(child[stream] as Readable);
    }
  }

  /** Settles once all that was taken is in the files. */
  async written(): Promise<void> {
    for (const sink of this.#sinks.values()) await sink.written;
  }

  close(): void {
    for (const sink of this.#sinks.values()) sink.close();
  }
}

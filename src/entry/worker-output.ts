import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

interface Chunk {
  readonly chunk: string | Uint8Array;
  readonly encoding: BufferEncoding | 'buffer';
}

/**
 * Makes this thread's `process.stdout` and `process.stderr`, and so `console`, write to the process's descriptors
 * directly and at once.
 *
 * Node sends a worker's output through the event loop of the thread that started it. That thread is blocked while it
 * waits for us: the output would come late, and not at all if the process ends before its loop turns again. The streams
 * themselves stay: Node talks to them by methods of its own.
 */
export function writeOutputDirectly(): void {
  redirect(process.stdout, 1);
  redirect(process.stderr, 2);
}

function redirect(stream: Writable, descriptor: number): void {
  // The one method through which a worker's standard streams do all their writing.
  stream._writev = (chunks: readonly Chunk[], callback) => {
    for (const { chunk, encoding } of chunks) {
      writeAll(
        descriptor,
        typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk,
      );
    }
    callback();
  };
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      // A reader that is gone and a closed descriptor are no concern of the task.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      // A full pipe in non-blocking mode: give its reader a moment. A deadline ends this wait like any other.
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

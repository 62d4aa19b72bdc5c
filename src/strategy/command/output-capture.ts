import { StringDecoder } from 'node:string_decoder';
import type { OutputStream, Overflow } from './command-request.js';

/** What `encoding` says output is handed out as. */
export type OutputEncoding = BufferEncoding | 'buffer';

/** Output as it is handed out: text, or bytes. */
export type Output = string | Buffer;

/** Whom output is told to while it comes. */
export interface OutputListener {
  /** Some has come. */
  onActivity(): void;
  /** One stream has printed more than is kept; called once. */
  onOverflow(stream: OutputStream): void;
  /** What the user's callback has thrown; called once. */
  onThrown(error: unknown): void;
}

interface Kept {
  readonly chunks: Buffer[];
  size: number;
}

/** Keeps what a command prints, of each stream and in the order in which it came. */
export class OutputCapture {
  readonly #streams: Record<OutputStream, Kept> = {
    stdout: { chunks: [], size: 0 },
    stderr: { chunks: [], size: 0 },
  };
  readonly #all: Buffer[] = [];
  readonly #decoders: Partial<Record<OutputStream, StringDecoder>> = {};
  readonly #maxBuffer: number;
  readonly #overflow: Overflow;
  readonly #encoding: OutputEncoding;
  readonly #onOutput: ((chunk: Output, stream: OutputStream) => void) | undefined;
  #isDeaf: boolean = false;
  /** Whether something was dropped. */
  isTruncated: boolean = false;
  listener: OutputListener | undefined;

  constructor(
    maxBuffer: number,
    overflow: Overflow,
    encoding: OutputEncoding,
    onOutput: ((chunk: Output, stream: OutputStream) => void) | undefined,
  ) {
    this.#maxBuffer = maxBuffer;
    this.#overflow = overflow;
    this.#encoding = encoding;
    this.#onOutput = onOutput;
  }

  /** Takes what has been read of a stream. */
  take(chunk: Buffer, stream: OutputStream): void {
    this.listener?.onActivity();
    const kept = this.#streams[stream];
    const room = this.#maxBuffer - kept.size;
    const part = chunk.length <= room ? chunk : chunk.subarray(0, Math.max(0, room));
    kept.size += part.length;
    if (part.length > 0) {
      kept.chunks.push(part);
      this.#all.push(part);
    }
    this.#tell(chunk, stream);
    if (part.length < chunk.length && !this.isTruncated) {
      this.isTruncated = true;
      if (this.#overflow === 'error') this.listener?.onOverflow(stream);
    }
  }

  /** A stream has ended: hands on the bytes of a character that was never completed. */
  end(stream: OutputStream): void {
    const rest = this.#decoders[stream]?.end() ?? '';
    if (rest !== '') this.#call(rest, stream);
  }

  /** All that has been kept; `'all'`: of both, in the order in which it came. */
  read(stream: OutputStream | 'all'): Output {
    const chunks = this.#chunksOf(stream);
    const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    return this.#encoding === 'buffer' ? bytes : bytes.toString(this.#encoding);
  }

  /** Calls the user no more. */
  deafen(): void {
    this.#isDeaf = true;
  }

  #chunksOf(stream: OutputStream | 'all'): readonly Buffer[] {
    return stream === 'all' ? this.#all : this.#streams[stream].chunks;
  }

  #tell(chunk: Buffer, stream: OutputStream): void {
    if (this.#onOutput === undefined || this.#isDeaf) return;
    if (this.#encoding === 'buffer') {
      this.#call(chunk, stream);
      return;
    }
    const decoder = (this.#decoders[stream] ??= new StringDecoder(this.#encoding));
    const text = decoder.write(chunk);
    if (text !== '') this.#call(text, stream);
  }

  #call(chunk: Output, stream: OutputStream): void {
    if (this.#isDeaf) return;
    try {
      this.#onOutput?.(chunk, stream);
    } catch (error) {
      this.#isDeaf = true;
      this.listener?.onThrown(error);
    }
  }
}

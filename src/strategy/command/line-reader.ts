import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Reads a stream by lines. Whoever stops reading and comes back later has missed none. */
export class LineReader {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #decoder: StringDecoder;
  readonly #longest: number;
  #lines: string[] = [];
  /** How many of them have been handed out. */
  #taken: number = 0;
  #rest: string = '';
  #hasEnded: boolean = false;

  /** @param longest what is longer, in UTF-16 code units, comes in pieces: it has to be kept until its end is there */
  constructor(stream: Readable, encoding: BufferEncoding, longest: number) {
    this.#chunks = stream.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
    this.#decoder = new StringDecoder(encoding);
    this.#longest = longest;
  }

  /** The next line without its end; `undefined` at the end of the stream. */
  async next(): Promise<string | undefined> {
    while (this.#taken === this.#lines.length) {
      if (this.#hasEnded) return undefined;
      this.#lines = [];
      this.#taken = 0;
      await this.#readMore();
    }
    return this.#lines[this.#taken++];
  }

  async #readMore(): Promise<void> {
    const next: IteratorResult<Buffer, unknown> = await this.#chunks.next();
    if (next.done === true) {
      this.#hasEnded = true;
      this.#split(this.#decoder.end());
      if (this.#rest !== '') this.#lines.push(this.#rest);
      this.#rest = '';
    } else {
      this.#split(this.#decoder.write(next.value));
    }
  }

  #split(text: string): void {
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) this.#lines.push(part.endsWith('\r') ? part.slice(0, -1) : part);
    if (this.#rest.length > this.#longest) {
      this.#lines.push(this.#rest);
      this.#rest = '';
    }
  }
}

const CLEAR_LINE = '\r\u001B[K';

/** One line of a terminal that says how far many commands have come. Writes nothing where standard error is none. */
export class BatchProgress {
  #running: number = 0;
  #ended: number = 0;
  #failed: number = 0;

  started(): void {
    this.#running++;
    this.#draw();
  }

  ended(isFailed: boolean): void {
    this.#running--;
    this.#ended++;
    if (isFailed) this.#failed++;
    this.#draw();
  }

  clear(): void {
    this.#write(CLEAR_LINE);
  }

  #draw(): void {
    const failed = this.#failed === 0 ? '' : `, ${String(this.#failed)} failed`;
    const text = `${String(this.#ended)} ended${failed}, ${String(this.#running)} running`;
    // What went on in a second line could not be cleared. A terminal without a width has 0 columns.
    const room = (process.stderr.columns || Infinity) - 1;
    this.#write(`${CLEAR_LINE}${text.slice(0, room)}`);
  }

  #write(text: string): void {
    if (process.stderr.isTTY) process.stderr.write(text);
  }
}

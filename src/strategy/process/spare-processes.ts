import type { Host, HostOptions } from '../isolation/host.js';
import { processHostKind } from './process-host.js';

/** How many kinds of processes are kept ready; the one that was used longest ago goes first. */
const MOST_KINDS = 4;

/**
 * Keeps at most one idle process for each set of options, ready for the next task, so that only the first one pays for a
 * start-up.
 */
export class SpareProcesses {
  readonly #spares = new Map<string, Host>();

  /** Takes a spare that lives; otherwise starts one. The caller owns it from here on. */
  acquire(options: HostOptions): Host {
    const key = keyOf(options);
    const spare = this.#spares.get(key);
    if (spare === undefined) return processHostKind.start(options);
    this.#spares.delete(key);
    return spare;
  }

  /** Settles once there is a spare that is ready. */
  async prepare(options: HostOptions): Promise<void> {
    const host = this.acquire(options);
    this.#keep(host, options);
    await host.ready;
  }

  /** Gives a process back. One that was lost is ended, and replaced at once. */
  release(host: Host, options: HostOptions): void {
    const isStarting = !host.isFree;
    if (!isStarting) {
      this.#keep(host, options);
      return;
    }
    void host.terminate();
    if (!this.#spares.has(keyOf(options))) this.#keep(processHostKind.start(options), options);
  }

  #keep(host: Host, options: HostOptions): void {
    const key = keyOf(options);
    const other = this.#spares.get(key);
    if (other !== undefined) {
      void host.close();
      return;
    }
    this.#spares.set(key, host);
    // One that ends by itself must not be met by a task.
    void host.ended.then(() => {
      if (this.#spares.get(key) === host) this.#spares.delete(key);
    });
    for (const [oldest, spare] of this.#spares) {
      if (this.#spares.size <= MOST_KINDS) break;
      this.#spares.delete(oldest);
      void spare.close();
    }
  }
}

function keyOf(options: HostOptions): string {
  return JSON.stringify(options);
}

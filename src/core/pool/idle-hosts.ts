import { now } from '../../clock.js';
import type { PooledHost } from './pooled-host.js';

// Private copies: users' fake timers have no part in this.
const { setTimeout, clearTimeout } = globalThis;

const MAX_TIMER_MS = 0x7fff_ffff;

/** The hosts of a pool that wait for work: the one that worked last gets the next call, the others may grow old. */
export class IdleHosts {
  readonly #hosts: PooledHost[] = [];
  readonly #idleTimeout: number;
  readonly #retire: (host: PooledHost) => boolean;
  #timer: NodeJS.Timeout | undefined;

  /** @param retire is offered hosts that have been idle for `idleTimeout` ms; whether it has let them go */
  constructor(idleTimeout: number, retire: (host: PooledHost) => boolean) {
    this.#idleTimeout = idleTimeout;
    this.#retire = retire;
  }

  get count(): number {
    return this.#hosts.length;
  }

  push(host: PooledHost): void {
    this.#hosts.push(host);
    if (this.#idleTimeout === Infinity) return;
    host.idleSince = now();
    if (this.#timer === undefined) this.#watch(this.#idleTimeout);
  }

  pop(): PooledHost | undefined {
    return this.#hosts.pop();
  }

  remove(host: PooledHost): void {
    const index = this.#hosts.indexOf(host);
    if (index >= 0) this.#hosts.splice(index, 1);
  }

  /** Ends the watch; the hosts stay. */
  stopWatching(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #watch(ms: number): void {
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#retireOld();
      },
      Math.min(Math.ceil(ms), MAX_TIMER_MS),
    );
    this.#timer.unref();
  }

  #retireOld(): void {
    const time = now();
    for (let oldest = this.#hosts[0]; oldest !== undefined; oldest = this.#hosts[0]) {
      const left = oldest.idleSince + this.#idleTimeout - time;
      if (left > 0) {
        this.#watch(left);
        return;
      }
      // The pool keeps the rest.
      if (!this.#retire(oldest)) return;
      this.remove(oldest);
    }
  }
}

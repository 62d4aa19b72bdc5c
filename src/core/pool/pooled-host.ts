import type { Host } from '../../strategy/isolation/host.js';
import type { PoolCall } from './pool-call.js';

/** The least time that is worth the way to a worker and back, ms. */
const QUICK_MS = 0.5;

/** A host, and what its pool knows of it. */
export class PooledHost {
  readonly host: Host;
  /** What runs in it. */
  call: PoolCall | undefined;
  /** How many calls it has begun. */
  given: number = 0;
  /** How many calls it has run. */
  served: number = 0;
  /** Its last call took next to no time. */
  isQuick: boolean = false;
  /** It has the next call already. */
  hasAhead: boolean = false;
  #begunAt = 0;
  idleSince: number = 0;
  isReady: boolean = false;
  /** It keeps the process alive. */
  #isReferenced = false;

  constructor(host: Host) {
    this.host = host;
  }

  /** It begins a call; one that it runs has ended then. */
  begin(instant: number): void {
    if (this.call !== undefined) this.noteEnd(instant);
    this.given++;
    this.#begunAt = instant;
  }

  /** Its call has ended. */
  noteEnd(instant: number): void {
    this.isQuick = instant - this.#begunAt < QUICK_MS;
  }

  /** Has it keep the process alive, or no more. */
  reference(isWanted: boolean): void {
    if (isWanted === this.#isReferenced) return;
    this.#isReferenced = isWanted;
    if (isWanted) this.host.ref();
    else this.host.unref();
  }
}

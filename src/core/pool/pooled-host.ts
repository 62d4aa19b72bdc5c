import type { Host } from '../../strategy/isolation/host.js';
import type { PoolCall } from './pool-call.js';

/** A host, and what its pool knows of it. */
export class PooledHost {
  readonly host: Host;
  /** What runs in it. */
  call: PoolCall | undefined;
  /** How many calls it has run. */
  served: number = 0;
  idleSince: number = 0;
  isReady: boolean = false;
  /** It keeps the process alive. */
  #isReferenced = false;

  constructor(host: Host) {
    this.host = host;
  }

  /** Has it keep the process alive, or no more. */
  reference(isWanted: boolean): void {
    if (isWanted === this.#isReferenced) return;
    this.#isReferenced = isWanted;
    if (isWanted) this.host.ref();
    else this.host.unref();
  }
}

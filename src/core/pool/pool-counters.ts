import type { CallOutcome } from '../../strategy/isolation/host.js';

/** What a pool has done since it was made. */
export class PoolCounters {
  /** Hosts that were started. */
  started: number = 0;
  /** Calls that came to an end of their own, or threw. */
  completed: number = 0;
  /** Calls that were stopped. */
  stopped: number = 0;
  /** Hosts that ended by themselves, could not be started, or had to be ended to stop a call. */
  lost: number = 0;
  /** Hosts that were replaced because they had run their number of calls. */
  recycled: number = 0;

  count({ kind }: CallOutcome): void {
    if (kind === 'stopped') this.stopped++;
    else if (kind !== 'died') this.completed++;
  }
}

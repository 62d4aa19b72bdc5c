import { callWithVmTimeout } from './vm-script.js';
import { now } from '../clock.js';
import { vmTimerHasStruckBy } from './vm-timer.js';
import type { InThreadWork } from './strategy.js';

/** How the work of a run ended. */
export type WorkEnd = 'none' | 'returned' | 'threw';

/** One run of one piece of work under a timer of node:vm. */
export class VmRun {
  /** `'none'`: it was stopped, or has not ended yet. */
  workEnd: WorkEnd = 'none';
  /** What the work returned or threw. */
  result: unknown = undefined;
  /** When the work returned. */
  returnedAt: number = 0;
  /** When the timer of this run has struck for certain. */
  struckBy: number = Infinity;

  readonly #timeout: number;
  readonly #backup: number | undefined;

  /**
   * @param timeout - ms, whole.
   * @param backup - ms after which a second timer strikes, should the termination of the first one have been lost;
   * `undefined`: none.
   */
  constructor(timeout: number, backup: number | undefined) {
    this.#timeout = timeout;
    this.#backup = backup;
  }

  /**
   * Calls the work. Throws only what did not come from the work: node:vm's error when it was stopped, a RangeError when
   * there was no stack left to start it.
   */
  call(work: InThreadWork, argument: unknown): void {
    const timeout = this.#timeout;
    const backup = this.#backup;
    // The engine's own errors are made outside of this function and the work's inside, whatever code they bear: that
    // tells the two apart.
    const protectedWork = (): void => {
      this.struckBy = vmTimerHasStruckBy(now(), timeout);
      try {
        this.result = work(argument as never);
        this.returnedAt = now();
        this.workEnd = 'returned';
      } catch (error) {
        this.result = error;
        this.workEnd = 'threw';
      }
    };
    if (backup === undefined) callWithVmTimeout(protectedWork, timeout);
    else
      callWithVmTimeout(() => {
        callWithVmTimeout(protectedWork, timeout);
      }, timeout + backup);
  }
}

import * as timers from 'node:timers';
import { now } from '../clock.js';
import { takeStuck } from '../core/async-clock.js';
import { expireDue } from '../core/expiry.js';

// As they are when this module is loaded: a task may replace the global ones.
const { setTimeout: startTimer, clearTimeout: stopTimer } = timers;
const { setImmediate: startImmediate, clearImmediate: stopImmediate } = timers;

const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * Tells the task's own SIGTERM handlers of its deadline. What the task has started gets the signal itself; here it is
 * only handed to those who listen, because a process that does not listen would die of it, and is to live on when the
 * task ends within the grace.
 */
export class SoftSignal {
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #wasRaised = false;

  /** Raises it after `deadline`, once the scope has been told (`performance.now()` scale). */
  arm(deadline: number): void {
    this.disarm();
    if (deadline === Infinity || this.#wasRaised) return;
    const delay = Math.min(Math.max(Math.ceil(deadline - now()), 0), LONGEST_DELAY);
    this.#timer = startTimer(() => {
      if (now() < deadline) {
        this.arm(deadline);
        return;
      }
      // The scope is told first, whatever its own timer does: then it is no accident what its code does.
      expireDue(takeStuck());
      // What is told of that has the rest of this turn of the loop.
      this.#immediate = startImmediate(() => this.raise());
    }, delay);
    this.#timer.unref();
  }

  /** Raises it now, unless it was raised for this task already. */
  raise(): void {
    this.disarm();
    if (this.#wasRaised) return;
    this.#wasRaised = true;
    process.emit('SIGTERM', 'SIGTERM');
  }

  disarm(): void {
    stopTimer(this.#timer);
    stopImmediate(this.#immediate);
  }
}

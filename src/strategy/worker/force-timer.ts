import { clearTimeout, setTimeout } from 'node:timers';
import { now } from '../../clock.js';

// As they are when this module is loaded, so that fake timers cannot hold force up.
const start = setTimeout;
const stop = clearTimeout;

/** The longest delay of a timer, ms; what is longer is waited for in pieces. */
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * Calls back at an instant, which is moved for every call of a task and hardly ever reached: a timer that stands already
 * is left standing if it is early enough, and looks again when it fires. Never keeps the process alive.
 */
export class ForceTimer {
  readonly #onDue: () => void;
  #wanted = Infinity;
  #standing = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** Replaces the request before it; `Infinity`: none. Scale of `performance.now()`. */
  set(instant: number): void {
    this.#wanted = instant;
    if (instant < this.#standing) this.#startAt(instant);
  }

  /** For good. */
  dispose(): void {
    this.#wanted = Infinity;
    stop(this.#timer);
  }

  #startAt(instant: number): void {
    stop(this.#timer);
    this.#standing = instant;
    const delay = Math.min(Math.max(Math.ceil(instant - now()), 1), LONGEST_DELAY);
    this.#timer = start(() => {
      this.#onTimer();
    }, delay).unref();
  }

  #onTimer(): void {
    this.#standing = Infinity;
    if (this.#wanted === Infinity) return;
    if (now() < this.#wanted) {
      this.#startAt(this.#wanted);
      return;
    }
    this.#wanted = Infinity;
    this.#onDue();
  }
}

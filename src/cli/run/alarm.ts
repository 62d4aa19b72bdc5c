import { now } from '../../clock.js';

/** Node's timers count no further. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** Calls once when its time has come; never early, and however far that is. Keeps the process alive meanwhile. */
export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at = Infinity;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Replaces the time; ms from now. */
  set(delay: number): void {
    this.#at = now() + delay;
    this.#arm();
  }

  /** Moves the time; cheap, for what moves it often: the timer that runs looks again. */
  postpone(delay: number): void {
    this.#at = now() + delay;
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const delay = Math.max(Math.ceil(this.#at - now()), 0);
    this.#timer = setTimeout(this.#onTimer, Math.min(delay, LONGEST_DELAY));
  }

  readonly #onTimer = (): void => {
    if (now() < this.#at) this.#arm();
    else this.#ring();
  };
}

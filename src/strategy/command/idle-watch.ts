import * as timers from 'node:timers';
import { now } from '../../clock.js';

// As they are when this module is loaded: users' fake timers have no part in this.
const { setTimeout: startTimer, clearTimeout: stopTimer, setImmediate: nextTurn } = timers;

const LONGEST_DELAY = 2 ** 31 - 1;

/** Tells when something has been silent for a given time. */
export class IdleWatch {
  readonly #limit: number;
  readonly #isHeldUp: () => boolean;
  readonly #onIdle: () => void;
  #activeAt: number = now();
  #timer: NodeJS.Timeout | undefined;
  #isOver: boolean = false;

  /** @param isHeldUp whether silence says nothing, as what there is to be heard is not taken */
  constructor(limit: number, isHeldUp: () => boolean, onIdle: () => void) {
    this.#limit = limit;
    this.#isHeldUp = isHeldUp;
    this.#onIdle = onIdle;
    this.#arm();
  }

  /** Something was heard. Called for each piece of output, so it only takes the time. */
  renew(): void {
    this.#activeAt = now();
  }

  stop(): void {
    this.#isOver = true;
    stopTimer(this.#timer);
  }

  #arm(): void {
    const left = Math.ceil(this.#activeAt + this.#limit - now());
    this.#timer = startTimer(this.#look, Math.min(Math.max(left, 0), LONGEST_DELAY));
  }

  readonly #look = (): void => {
    if (now() - this.#activeAt < this.#limit) {
      this.#arm();
      return;
    }
    // Timers come before what has been waiting in the pipes while this thread was busy: that is read first.
    nextTurn(() => {
      nextTurn(() => {
        if (this.#isOver) return;
        if (this.#isHeldUp()) this.renew();
        if (now() - this.#activeAt < this.#limit) this.#arm();
        else this.#onIdle();
      });
    });
  };
}

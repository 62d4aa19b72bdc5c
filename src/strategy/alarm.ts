import { AsyncResource } from 'node:async_hooks';
import * as timers from 'node:timers';
import { now } from '../clock.js';
import { makeNativeAlarm } from './native-strategy.js';

/** Wakes this thread's event loop at an instant of the real clock. Lives as long as its thread. */
export interface Alarm {
  /** `true`: finer than a millisecond (the addon's watchdog); `false`: Node's timers. */
  readonly isPrecise: boolean;
  /**
   * Replaces the request before it; `Infinity`: none. A request keeps the process alive, and is met once.
   *
   * @param instant - ms on the `performance.now()` scale.
   */
  set(instant: number): void;
  /** Where this thread's code was when it kept the loop from ringing on time, if that was noticed; once. */
  takeStuck(): Error | undefined;
}

/** Called on the event loop; `stuck`: where this thread's code was when it kept the loop from being on time. */
type Ring = (stuck: Error | undefined) => void;

/** What wakes the loop, itself able to stand for one request. */
interface Waker {
  readonly isPrecise: boolean;
  /** Wakes the loop at `instant`, or before it. Replaces the request before it. */
  wakeAt(instant: number): void;
  /** Keeps the process alive, */
  hold(): void;
  /** and does so no longer: how it begins. */
  letGo(): void;
  takeStuck(): Error | undefined;
}

/**
 * @param ring - called on the event loop, never before the instant. What it throws is an uncaught exception, as for any
 *   callback.
 */
export function makeAlarm(ring: Ring): Alarm {
  // Shared with the watchdog, which looks at it when the loop does not answer.
  const wanted = new Float64Array(1).fill(Infinity);
  const onWake = (stuck: Error | undefined): void => {
    alarm.onWake(stuck);
  };
  const waker = makeNativeWaker(onWake, wanted) ?? new TimerWaker(onWake);
  const alarm = new LazyAlarm(ring, waker, wanted);
  return alarm;
}

/**
 * Asks its waker as rarely as it can, because a limit is set and dropped again for each call that has one: what is
 * dropped stays with the waker, and stands for any later request. A wake-up that comes too early asks again.
 */
class LazyAlarm implements Alarm {
  readonly isPrecise: boolean;
  readonly #ring: Ring;
  readonly #waker: Waker;
  readonly #wanted: Float64Array;
  /** When the waker will wake the loop; `Infinity`: never. */
  #standing = Infinity;
  #isHeld = false;

  constructor(ring: Ring, waker: Waker, wanted: Float64Array) {
    this.isPrecise = waker.isPrecise;
    this.#ring = ring;
    this.#waker = waker;
    this.#wanted = wanted;
  }

  set(instant: number): void {
    this.#wanted[0] = instant;
    if (instant === Infinity) {
      this.#letGo();
      return;
    }
    if (instant < this.#standing) this.#wakeAt(instant);
    if (!this.#isHeld) {
      this.#isHeld = true;
      this.#waker.hold();
    }
  }

  takeStuck(): Error | undefined {
    return this.#waker.takeStuck();
  }

  onWake(stuck: Error | undefined): void {
    this.#standing = Infinity;
    const instant = this.#wanted[0] as number;
    if (instant === Infinity) return;
    if (now() < instant) {
      this.#wakeAt(instant);
      return;
    }
    this.#wanted[0] = Infinity;
    try {
      this.#ring(stuck);
    } finally {
      // Held while it rings, so that a request for the next instant costs nothing.
      if (this.#wanted[0] === Infinity) this.#letGo();
    }
  }

  #wakeAt(instant: number): void {
    this.#standing = instant;
    this.#waker.wakeAt(instant);
  }

  #letGo(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#waker.letGo();
  }
}

// Wakers are made and timers started in here, so that they neither see nor keep alive the asynchronous context of
// whoever happens to need them first.
const nobody = new AsyncResource('hardstop');

function makeNativeWaker(onWake: Ring, wanted: Float64Array): Waker | undefined {
  const native = nobody.runInAsyncScope(makeNativeAlarm, undefined, onWake, wanted);
  if (native === undefined) return undefined;
  const { set, hold, letGo, takeStuck } = native;
  return { isPrecise: true, wakeAt: set, hold, letGo, takeStuck };
}

// As they are when this module is loaded, so that fake timers cannot stop deadlines from being noticed.
const { setTimeout: startTimer, clearTimeout: stopTimer } = timers;

/** The longest delay of a timer, ms; what is longer is waited for in pieces. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** A timer of Node's. It may strike up to 1 ms early, by libuv's clock of whole milliseconds. */
class TimerWaker implements Waker {
  readonly isPrecise = false;
  readonly #onTimer: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isHeld = false;

  constructor(onWake: Ring) {
    this.#onTimer = () => {
      this.#timer = undefined;
      onWake(undefined);
    };
  }

  wakeAt(instant: number): void {
    stopTimer(this.#timer);
    const delay = Math.min(Math.max(Math.ceil(instant - now()), 1), LONGEST_DELAY);
    this.#timer = nobody.runInAsyncScope(startTimer, undefined, this.#onTimer, delay);
    if (!this.#isHeld) this.#timer.unref();
  }

  hold(): void {
    this.#isHeld = true;
    this.#timer?.ref();
  }

  letGo(): void {
    this.#isHeld = false;
    this.#timer?.unref();
  }

  takeStuck(): undefined {
    // Nobody has looked.
  }
}

import { AsyncResource } from 'node:async_hooks';
import * as timers from 'node:timers';
import { now } from '../clock.js';
import { describeNative, makeNativeAlarm } from './native-strategy.js';
import { LONGEST_LEAD, WakeLead } from './wake-lead.js';

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

/** After its instant the loop is waited for by the waker again, ms: it may be blocked then, and somebody has to notice. */
const MS_TO_LOOK_AFTER = 5;

/** Called on the event loop; `stuck`: where this thread's code was when it kept the loop from being on time. */
type Ring = (stuck: Error | undefined) => void;

/** What wakes the loop, itself able to stand for one request. */
interface Waker {
  readonly isPrecise: boolean;
  /** Whether it can be asked for a time so near to an instant that the loop may stay awake for the rest. */
  readonly spins: boolean;
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
 * @param prepare - called on the event loop, {@link LONGEST_LEAD} before the instant at the most, if there is time: does ahead
 *   what can be done then
 */
export function makeAlarm(ring: Ring, prepare: () => void = () => undefined): Alarm {
  // Shared with the watchdog, which looks at it when the loop does not answer.
  const wanted = new Float64Array(1).fill(Infinity);
  const onWake = (stuck: Error | undefined): void => {
    alarm.onWake(stuck);
  };
  const waker = makeNativeWaker(onWake, wanted) ?? new TimerWaker(onWake);
  const alarm = new LazyAlarm(ring, prepare, waker, wanted);
  return alarm;
}

/**
 * Asks its waker as rarely as it can, because a limit is set and dropped again for each call that has one: what is
 * dropped stays with the waker, and stands for any later request. A wake-up that comes too early asks again.
 */
class LazyAlarm implements Alarm {
  readonly isPrecise: boolean;
  readonly #ring: Ring;
  readonly #prepare: () => void;
  readonly #waker: Waker;
  readonly #lead: WakeLead;
  readonly #wanted: Float64Array;
  /** When the waker will wake the loop; `Infinity`: never. */
  #standing = Infinity;
  /** When the loop was woken ahead of an instant that it now turns for; `NaN`: it does not. */
  #turnsSince = NaN;
  #isHeld = false;

  constructor(ring: Ring, prepare: () => void, waker: Waker, wanted: Float64Array) {
    this.isPrecise = waker.isPrecise;
    this.#ring = ring;
    this.#prepare = prepare;
    this.#waker = waker;
    this.#lead = new WakeLead(waker.spins);
    this.#wanted = wanted;
  }

  set(instant: number): void {
    this.#wanted[0] = instant;
    if (instant === Infinity) {
      this.#letGo();
      return;
    }
    if (instant < this.#standing && !this.#turns()) this.#wakeAt(instant);
    if (!this.#isHeld) {
      this.#isHeld = true;
      this.#waker.hold();
    }
  }

  takeStuck(): Error | undefined {
    return this.#waker.takeStuck();
  }

  onWake(stuck: Error | undefined): void {
    const asked = this.#standing;
    this.#standing = Infinity;
    const instant = this.#wanted[0] as number;
    if (instant === Infinity) return;
    const woken = now();
    if (woken < instant) {
      if (this.#turns()) return;
      if (instant - woken > LONGEST_LEAD || !this.#lead.allows(instant)) {
        this.#wakeAt(instant);
        return;
      }
      this.#prepare();
    }
    const time = now();
    this.#lead.observe(time - asked);
    if (time >= instant) {
      this.#turnsSince = NaN;
      this.#callRing(stuck);
      return;
    }
    this.#turnsSince = woken;
    this.#wakeAt(instant + MS_TO_LOOK_AFTER);
    startImmediate(this.#onTurn);
  }

  #turns(): boolean {
    return !Number.isNaN(this.#turnsSince);
  }

  /**
   * The loop does not sleep until the instant, but turns: whatever comes meanwhile has its turn, and what ends in time is in
   * time.
   */
  readonly #onTurn = (): void => {
    // The waker came before.
    if (!this.#turns()) return;
    const time = now();
    const instant = this.#wanted[0] as number;
    if (time < instant && instant - this.#turnsSince <= LONGEST_LEAD) {
      startImmediate(this.#onTurn);
      return;
    }
    this.#lead.spun(this.#turnsSince, time);
    this.#turnsSince = NaN;
    if (time >= instant) this.#callRing(this.#waker.takeStuck());
    else if (instant < this.#standing) this.#wakeAt(instant);
  };

  #callRing(stuck: Error | undefined): void {
    this.#wanted[0] = Infinity;
    try {
      this.#ring(stuck);
    } finally {
      // Held while it rings, so that a request for the next instant costs nothing.
      if (this.#wanted[0] === Infinity) this.#letGo();
    }
  }

  #wakeAt(instant: number): void {
    const at = instant - this.#lead.before(instant);
    this.#standing = at;
    this.#waker.wakeAt(at);
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
  const spins = describeNative()?.spins === true;
  return { isPrecise: true, spins, wakeAt: set, hold, letGo, takeStuck };
}

// As they are when this module is loaded, so that fake timers cannot stop deadlines from being noticed.
const { setTimeout: startTimer, clearTimeout: stopTimer, setImmediate: startImmediate } = timers;

/** The longest delay of a timer, ms; what is longer is waited for in pieces. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** A timer of Node's. It may strike up to 1 ms early, by libuv's clock of whole milliseconds. */
class TimerWaker implements Waker {
  readonly isPrecise = false;
  readonly spins = false;
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

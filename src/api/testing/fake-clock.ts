import { invalidOptionRange, invalidOptionType } from '../../errors/invalid-option-error.js';
import { InvalidStateError } from '../../errors/invalid-state-error.js';
import { installClock, restoreClock, type AsyncClock } from '../../core/async-clock.js';
import { armedCount, earliestDeadline, expireDue } from '../../core/expiry.js';
import { settleWork } from './settle-work.js';

/** What {@link installFakeClock} takes. */
export interface FakeClockOptions {
  /** What the clock shows at first, ms. Default 0. */
  readonly start?: number | undefined;
}

/**
 * The time of asynchronous scopes while it is installed: it stands still but for its own calls. One call that moves it has
 * to end before the next one: await them.
 */
export interface FakeClock extends Disposable {
  /** What the clock shows, ms: the scale of `scope.deadline` and of the `deadline` option. */
  now(): number;
  /** When the next asynchronous scope expires, ms on this clock; `Infinity` if none is waiting. */
  readonly nextDeadline: number;
  /** How many deadlines of asynchronous scopes lie ahead. */
  readonly pendingCount: number;
  /**
   * Moves time forward, deadline by deadline: at each one the clock stands exactly there, the scopes that are due are
   * stopped, outermost first, and what that sets off settles before time goes on. Scopes that begin on the way take part.
   *
   * @param ms from 0 up, finite
   * @throws (rejects with) InvalidOptionError for another value; InvalidStateError while another call moves the clock, and
   *   after `uninstall`
   */
  advance(ms: number): Promise<void>;
  /**
   * Stops the scopes that are due already, and lets settle what that sets off: `advance(0)`.
   *
   * @throws (rejects) as {@link FakeClock.advance}
   */
  runDue(): Promise<void>;
  /**
   * Moves time to the next deadline, however far ahead, and stops what is due there: a day of waiting in one call.
   *
   * @returns how far that was, ms; 0 if no scope waits for a deadline
   * @throws (rejects) as {@link FakeClock.advance}
   */
  jump(): Promise<number>;
  /**
   * Gives asynchronous scopes the real clock back; nothing happens if that was done before. `using` does it too. Scopes that
   * still wait expire first, as if time had gone on, so that no test leaves any to the next one; a call that moves the clock
   * rejects with InvalidStateError.
   */
  uninstall(): void;
}

/**
 * Puts a clock that only moves when it is told to in the place of the real one, for the asynchronous scopes of this thread:
 * a test of a timeout of an hour takes no time, and has one outcome.
 *
 * On expiry a scope does what it does on the real clock. Synchronous code (`runSync`, the first part of `run`, a step of a
 * coroutine) is stopped in real time, the parts of asynchronous work as far ahead as the deadline is on this clock, but after
 * a second at the earliest. Node's own timers, `Date` and `performance.now` stay real, and so does I/O: none of it is
 * waited for.
 *
 * @param options `start`: what the clock shows at first, ms, any finite number; default 0
 * @returns the clock; `uninstall` it after the test
 * @throws InvalidOptionError for a bad option
 * @throws InvalidStateError while another fake clock is installed, or asynchronous scopes wait for a deadline
 * @example
 * using clock = installFakeClock();
 * const outcome = run(() => new Promise(() => {}), { timeout: 3_600_000, default: 'gave up' });
 * await clock.jump();
 * assert.equal(await outcome, 'gave up');
 */
export function installFakeClock(options?: FakeClockOptions): FakeClock {
  const clock = new SteppedClock(parseStart(options));
  installClock(clock);
  return clock;
}

// Taken before anybody can fake them as well.
const { setImmediate, clearImmediate } = globalThis;

class SteppedClock implements AsyncClock, FakeClock {
  #time: number;
  #isInstalled = true;
  #isMoving = false;
  /** Rings for what is due without any move of time: the deadline was in the past when it was set. */
  #alarm: NodeJS.Immediate | undefined;

  constructor(start: number) {
    this.#time = start;
  }

  now(): number {
    return this.#time;
  }

  get nextDeadline(): number {
    return this.#isInstalled ? earliestDeadline() : Infinity;
  }

  get pendingCount(): number {
    return this.#isInstalled ? armedCount() : 0;
  }

  setAlarm(instant: number): void {
    clearImmediate(this.#alarm);
    this.#alarm = instant <= this.#time ? setImmediate(() => expireDue()) : undefined;
  }

  async advance(ms: number): Promise<void> {
    const distance = parseDistance(ms);
    await this.#move(() => this.#advanceTo(this.#time + distance));
  }

  async runDue(): Promise<void> {
    await this.advance(0);
  }

  async jump(): Promise<number> {
    const before = this.#time;
    await this.#move(() => {
      const deadline = earliestDeadline();
      return this.#advanceTo(deadline === Infinity ? this.#time : deadline);
    });
    return this.#time - before;
  }

  uninstall(): void {
    if (!this.#isInstalled) return;
    // Each scope strikes at most twice: for its deadline and for the end of its grace. What begins meanwhile is refused.
    for (let strikes = 2 * armedCount(); strikes > 0 && armedCount() > 0; strikes--) {
      this.#strikeAt(earliestDeadline());
    }
    restoreClock();
    this.#isInstalled = false;
    clearImmediate(this.#alarm);
  }

  [Symbol.dispose](): void {
    this.uninstall();
  }

  /** Lets what was begun reach its first wait, then moves time; one move at a time. */
  async #move(steps: () => Promise<void>): Promise<void> {
    this.#refuseIfUninstalled();
    if (this.#isMoving)
      throw new InvalidStateError('The clock is moving already: await that first');
    this.#isMoving = true;
    try {
      await this.#settle();
      await steps();
    } finally {
      this.#isMoving = false;
    }
  }

  async #advanceTo(instant: number): Promise<void> {
    for (let due = earliestDeadline(); due <= instant; due = earliestDeadline()) {
      this.#strikeAt(due);
      await this.#settle();
    }
    this.#time = Math.max(this.#time, instant);
  }

  #strikeAt(instant: number): void {
    this.#time = Math.max(this.#time, instant);
    expireDue();
  }

  async #settle(): Promise<void> {
    await settleWork();
    this.#refuseIfUninstalled();
  }

  #refuseIfUninstalled(): void {
    if (!this.#isInstalled) throw new InvalidStateError('The fake clock is not installed any more');
  }
}

function parseStart(options: unknown): number {
  if (options === undefined) return 0;
  if (typeof options !== 'object' || options === null) {
    throw invalidOptionType('options', 'an object', options);
  }
  const { start = 0 } = options as { readonly start?: unknown };
  const rule = 'a finite number of milliseconds';
  if (typeof start !== 'number') throw invalidOptionType('start', rule, start);
  if (!Number.isFinite(start)) throw invalidOptionRange('start', rule, start);
  return start;
}

function parseDistance(ms: unknown): number {
  const rule = 'a finite, non-negative number of milliseconds';
  if (typeof ms !== 'number') throw invalidOptionType('ms', rule, ms);
  if (!(ms >= 0 && ms < Infinity)) throw invalidOptionRange('ms', rule, ms);
  return ms;
}

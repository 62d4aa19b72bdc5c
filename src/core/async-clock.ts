import { InvalidStateError } from '../errors/invalid-state-error.js';
import { makeAlarm, type Alarm } from '../strategy/alarm.js';
import { now } from '../clock.js';

/** What asynchronous scopes take their time from. */
export interface AsyncClock {
  /** ms; never goes back. */
  now(): number;
  /**
   * Asks for an expiry of what is due once `instant` has been reached, never before. Replaces the request before it;
   * `Infinity`: none.
   */
  setAlarm(instant: number): void;
}

/** What the clock serves; there is one, in expiry.ts. */
export interface ClockUser {
  expireDue(stuck?: Error): void;
  /** Called shortly before that, if there is time. */
  prepareNext(): void;
  armedCount(): number;
}

let user: ClockUser | undefined;
let alarm: Alarm | undefined;
/** Takes the place of the real clock. */
let substitute: AsyncClock | undefined;

/** Tells who is to be called when an alarm rings. */
export function connectClock(clockUser: ClockUser): void {
  user = clockUser;
}

/** The time of asynchronous scopes, ms; on the `performance.now()` scale unless a clock was installed. */
export function asyncNow(): number {
  return substitute === undefined ? now() : substitute.now();
}

export function setAlarm(instant: number): void {
  if (substitute !== undefined) {
    substitute.setAlarm(instant);
    return;
  }
  alarm ??= makeAlarm(
    (stuck) => user?.expireDue(stuck),
    () => user?.prepareNext(),
  );
  alarm.set(instant);
}

/** Where this thread was busy when the alarm should have rung, if that is known; once. */
export function takeStuck(): Error | undefined {
  return alarm?.takeStuck();
}

/** Whether time passes as it does outside of this thread. */
export function isRealTime(): boolean {
  return substitute === undefined;
}

/** The time of asynchronous scopes while the real clock shows `realTime`. */
export function asyncTimeAt(realTime: number): number {
  return substitute === undefined ? realTime : substitute.now();
}

/** Real time that synchronous code has under a substitute, however near its deadline is there: it decides nothing. */
const LEAST_REAL_MS = 1_000;

/**
 * The instant of the real clock at which synchronous code is to be stopped for an instant on the clock of asynchronous
 * scopes. Under a substitute it is as far ahead, but no nearer than {@link LEAST_REAL_MS}: where time stands still, the
 * outcome must not depend on how busy the machine is.
 */
export function toRealInstant(instant: number): number {
  if (substitute === undefined) return instant;
  const left = instant - substitute.now();
  return now() + (left > 0 ? Math.max(left, LEAST_REAL_MS) : left);
}

/** The instant of the clock of asynchronous scopes that is as far ahead as `instant` is on the real one. */
export function fromRealInstant(instant: number): number {
  return substitute === undefined ? instant : substitute.now() + (instant - now());
}

/**
 * Puts a clock in the place of the real one.
 *
 * @throws InvalidStateError while another one is installed, or scopes wait for the present one
 */
export function installClock(clock: AsyncClock): void {
  if (substitute !== undefined) throw new InvalidStateError('Another clock is installed already');
  refuseWhileArmed('installed');
  substitute = clock;
}

/** Goes back to the real clock; throws as {@link installClock} does. */
export function restoreClock(): void {
  if (substitute === undefined) return;
  refuseWhileArmed('removed');
  substitute = undefined;
}

function refuseWhileArmed(change: string): void {
  const count = user?.armedCount() ?? 0;
  if (count === 0) return;
  throw new InvalidStateError(
    `A clock cannot be ${change} while ${String(count)} asynchronous deadlines wait for the present one`,
  );
}

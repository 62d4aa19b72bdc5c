import { asyncNow, connectClock, setAlarm } from './async-clock.js';
import { DeadlineQueue, type QueueEntry } from './deadline-queue.js';
import { uninterrupted } from '../strategy/uninterrupted.js';

/** Something with a deadline on the clock of asynchronous scopes. */
export interface Expiring extends QueueEntry {
  /** Called once the deadline has passed; must not run code of users. */
  expire(stuck: Error | undefined): void;
  /** Called shortly before that, if there is time; must not run code of users either. It may not come to it. */
  prepare?(): void;
}

// All asynchronous deadlines of this thread, with one alarm for the earliest.
const queue = new DeadlineQueue<Expiring>();
let sequence = 0;

/** A number that is larger for what was started later: of equal deadlines the outermost strikes first. */
export function nextInSequence(): number {
  return ++sequence;
}

/** Queues an entry by its deadline; one that is queued already is moved. */
export function arm(entry: Expiring): void {
  uninterrupted(() => {
    if (entry.deadline === Infinity) {
      remove(entry);
      return;
    }
    const before = queue.first();
    if (entry.position < 0) queue.push(entry);
    else queue.move(entry);
    const earliest = queue.first() as Expiring;
    if (earliest === entry || earliest !== before) setAlarm(earliest.deadline);
  });
}

/** Takes an entry out of the queue; nothing happens if it is not in it. */
export function disarm(entry: Expiring): void {
  if (entry.position < 0) return;
  uninterrupted(() => {
    remove(entry);
  });
}

function remove(entry: Expiring): void {
  if (entry.position < 0) return;
  const wasFirst = queue.first() === entry;
  queue.remove(entry);
  if (wasFirst) setAlarm(queue.first()?.deadline ?? Infinity);
}

/** Expires whatever is due: the earliest first, of equal ones the outermost. */
export function expireDue(stuck?: Error): void {
  uninterrupted(() => {
    const time = asyncNow();
    for (
      let entry = queue.first();
      entry !== undefined && entry.deadline <= time;
      entry = queue.first()
    ) {
      queue.remove(entry);
      entry.expire(stuck);
    }
    setAlarm(queue.first()?.deadline ?? Infinity);
  });
}

/** Does ahead of time what can be done for the earliest deadline. */
function prepareNext(): void {
  queue.first()?.prepare?.();
}

/** How many deadlines are waited for. */
export function armedCount(): number {
  return queue.size;
}

/** The earliest of them; `Infinity` if there is none. */
export function earliestDeadline(): number {
  return queue.first()?.deadline ?? Infinity;
}

connectClock({ expireDue, prepareNext, armedCount });

/** The bounds, ms: below the lower one a lead is lost in what it takes to wake up at all. */
export const LONGEST_LEAD: number = 0.3;
const SHORTEST_LEAD = 0.01;
/** What took longer was no wake-up: the loop was at work, or the machine is overloaded. */
const NO_WAKE_UP = 3 * LONGEST_LEAD;
/** The steps, as parts of the lead: 300 µs become 100 µs after 70 wake-ups for which it was enough. */
const RISE = 8;
const FALL = 64;
/** The turning takes one part in so many of the time. */
const SHARE = 16;

/**
 * How much earlier than its instant the event loop is asked to be woken, so that what that takes, and what can be done
 * ahead of time, is over when the instant comes. The loop turns without sleep for what is left.
 *
 * Learnt from whether it was enough: if not, it rises by an eighth, otherwise it falls by a 64th, and the two balance where
 * one wake-up in nine comes too late. It begins at the bound, since code that runs for the first time takes longest. The
 * turning is the program's own time: hence the bound, and hence the share of time that it may take at most.
 *
 * Pure arithmetic, in ms.
 */
export class WakeLead {
  readonly #isEnabled: boolean;
  #lead = LONGEST_LEAD;
  /** No lead is taken before this instant. */
  #restsUntil = -Infinity;

  /** @param isEnabled `false` where turning does harm or is unwanted: then there is none */
  constructor(isEnabled: boolean) {
    this.#isEnabled = isEnabled;
  }

  /** How much earlier than `instant` to ask for. */
  before(instant: number): number {
    return this.allows(instant) ? this.#lead : 0;
  }

  /** Whether `instant` may be awaited by turning, for {@link LONGEST_LEAD} at most. */
  allows(instant: number): boolean {
    return this.#isEnabled && instant - LONGEST_LEAD >= this.#restsUntil;
  }

  /** Reports how much would have been enough. */
  observe(needed: number): void {
    if (!(needed < NO_WAKE_UP)) return;
    const lead = this.#lead;
    const next = needed > lead ? lead + lead / RISE : lead - lead / FALL;
    this.#lead = Math.min(Math.max(next, SHORTEST_LEAD), LONGEST_LEAD);
  }

  /** Reports from when until when the loop was kept from sleeping. */
  spun(from: number, to: number): void {
    this.#restsUntil = to + (SHARE - 1) * (to - from);
  }
}

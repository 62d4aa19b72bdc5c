import { now } from '../../clock.js';
import type { CallAhead, RunningCall } from '../../strategy/isolation/host.js';
import type { CallQueue } from './call-queue.js';
import type { PoolCall } from './pool-call.js';
import type { PooledHost } from './pooled-host.js';

// Private copy: users' fake timers have no part in this.
const { setTimeout } = globalThis;

/** A call that was sent ahead and has not been begun after this time goes to whoever is free, ms. */
const AHEAD_LIMIT_MS = 2;

/** How much may be sent ahead. */
export interface AheadLimits {
  /** After so many calls a host is replaced. */
  readonly tasksPerHost: number;
  /** How long a call may be at a host that does not come to it, ms. */
  readonly aheadLimit?: number;
}

/** Who hears that a call has left the queue because a host has begun it. */
export type OnBegun = (pooled: PooledHost, call: PoolCall, running: RunningCall) => void;

/**
 * Calls that wait, sent to hosts that are still busy, so that these find the next one when they have answered: for a tiny
 * task the way there and back takes longer than the task.
 *
 * Such a call stays in the queue, at its place, until its host has begun it: whoever is free before that takes it from there.
 */
export class CallsAhead {
  readonly #queue: CallQueue<PoolCall>;
  readonly #limits: AheadLimits;
  readonly #onBegun: OnBegun;
  readonly #sent = new Set<SentCall>();
  #isWatched = false;

  constructor(queue: CallQueue<PoolCall>, limits: AheadLimits, onBegun: OnBegun) {
    this.#queue = queue;
    this.#limits = limits;
    this.#onBegun = onBegun;
  }

  /** Sends the call whose turn is next to a host that runs one, where that pays. */
  send(pooled: PooledHost): void {
    if (!pooled.isQuick || pooled.hasAhead || pooled.given >= this.#limits.tasksPerHost) return;
    const call = this.#nextUnsent();
    const taskCall = call?.beginAhead();
    if (call === undefined || taskCall === undefined) return;
    const sent = new SentCall(pooled, call, this.#sent, this.#onBegun);
    const ahead = pooled.host.runAhead?.(taskCall, sent);
    if (ahead === undefined) return;
    sent.isAt(ahead);
    if (!this.#isWatched) this.#watch();
  }

  #nextUnsent(): PoolCall | undefined {
    let call = this.#queue.first;
    while (call?.ahead !== undefined) call = call.next;
    return call;
  }

  /** A call that takes long is before them: they are not to wait for that one alone. */
  #watch(): void {
    this.#isWatched = true;
    const { aheadLimit = AHEAD_LIMIT_MS } = this.#limits;
    setTimeout(() => {
      this.#isWatched = false;
      const limit = now() - aheadLimit;
      for (const sent of this.#sent) if (sent.sentAt <= limit) sent.giveUp();
      if (this.#sent.size > 0) this.#watch();
    }, aheadLimit).unref();
  }
}

/** A call at the host that it was sent to. */
class SentCall implements CallAhead {
  readonly sentAt: number = now();
  readonly #pooled: PooledHost;
  readonly #call: PoolCall;
  readonly #all: Set<SentCall>;
  readonly #onBegun: OnBegun;
  #ahead: CallAhead | undefined;

  constructor(pooled: PooledHost, call: PoolCall, all: Set<SentCall>, onBegun: OnBegun) {
    this.#pooled = pooled;
    this.#call = call;
    this.#all = all;
    this.#onBegun = onBegun;
  }

  isAt(ahead: CallAhead): void {
    this.#ahead = ahead;
    this.#call.ahead = this;
    this.#pooled.hasAhead = true;
    this.#all.add(this);
  }

  takeBack(): boolean {
    if (this.#ahead?.takeBack() !== true) return false;
    this.returned();
    return true;
  }

  /** Its host is not as quick as it was. */
  giveUp(): void {
    if (this.takeBack()) this.#pooled.isQuick = false;
  }

  begun(running: RunningCall, startedAt: number): void {
    this.#leave();
    this.#pooled.begin(startedAt);
    this.#onBegun(this.#pooled, this.#call, running);
    this.#call.begunAhead(running, startedAt);
  }

  returned(): void {
    this.#leave();
    this.#call.ahead = undefined;
  }

  #leave(): void {
    this.#all.delete(this);
    this.#pooled.hasAhead = false;
  }
}

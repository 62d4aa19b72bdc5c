import { STOPPED } from '../strategy/strategy.js';
import type { Stop } from '../strategy/strategy.js';
import { orderError } from './async-node.js';
import { asyncNow, takeStuck } from './async-clock.js';
import { lastPartStop, partEndedAt, runPart } from './async-step.js';
import type { Failure } from './cleanup-stack.js';
import { earliestDeadline, expireDue } from './expiry.js';
import type { Raise, Resumable, RunNode, Settle } from './run-node.js';
import { ignore, mayBeThenable, waitFor } from './yielded.js';

type Steps = Generator<unknown, unknown, unknown>;

/** From this throw on, a coroutine that swallows its timeout lets the event loop turn before the next one. */
const THROWS_WITHOUT_TURN = 3;
/** After so many it is given up: it is suspended, so that it runs no more. */
const MOST_THROWS = 100;

// Private copies: users' fake timers have no part in this.
const { setImmediate } = globalThis;

/**
 * Drives a generator as a coroutine: each `yield` waits for what it is given, and what ends the scope is thrown at the
 * `yield`, again at each later one if it is swallowed. Each step is a part of its own in a native frame.
 */
export class Coroutine implements Resumable {
  readonly #node: RunNode;
  readonly #steps: Steps;
  readonly #endStopped: (node: RunNode, ended: Stop) => void;
  #settle: Settle | undefined;
  #isWaiting = false;
  /** What a `yield` waits for calls one of them; what it waited for when it was cut short has others, which do nothing. */
  #onValue!: (value: unknown) => void;
  #onError!: (error: unknown) => void;
  #method: 'next' | 'throw' = 'next';
  #sent: unknown;
  #result: IteratorResult<unknown, unknown> | undefined;
  #throws = 0;
  readonly #raises: Raise[] = [];
  #wake: (() => void) | undefined;

  constructor(node: RunNode, steps: Steps, endStopped: (node: RunNode, ended: Stop) => void) {
    this.#node = node;
    this.#steps = steps;
    this.#endStopped = endStopped;
    this.#renewReactions();
  }

  /** Takes the first step, in the context of the running code, which all others will have as well. */
  start(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#listen();
      this.#step('next', undefined);
    });
  }

  get isTold(): boolean {
    return this.#throws > 0;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  interrupt(): void {
    this.#wake?.();
  }

  giveUp(): void {
    this.#settle = undefined;
    this.#isWaiting = false;
    this.#wake = undefined;
  }

  raise(raise: Raise): void {
    this.#raises.push(raise);
    this.interrupt();
  }

  /** What was raised is not to be thrown any more. */
  withdraw(raise: Raise): void {
    const index = this.#raises.indexOf(raise);
    if (index >= 0) this.#raises.splice(index, 1);
  }

  /** Whoever calls `interrupt` does so in a context of his own: the reaction of a promise brings it into this one. */
  #listen(): void {
    const woken = new Promise((resolve) => {
      this.#wake = resolve as () => void;
    });
    void woken.then(() => {
      if (this.#settle === undefined) return;
      this.#listen();
      if (!this.#isWaiting) return;
      const interruption = this.#interruption(asyncNow());
      if (interruption === undefined) return;
      this.#renewReactions();
      this.#resume('throw', interruption.error);
    });
  }

  /** One pair serves all steps until one of them is cut short. */
  #renewReactions(): void {
    const onValue = (value: unknown): void => {
      if (this.#onValue === onValue) this.#goOn('next', value);
    };
    this.#onValue = onValue;
    this.#onError = (error) => {
      if (this.#onValue === onValue) this.#goOn('throw', error);
    };
  }

  /**
   * What it waited for has come. Where it was told to stop meanwhile, that comes first: it has no time for a step. Others
   * may have kept the event loop from telling it, so the clock is asked, too: the step would be cut, with its `finally`.
   */
  #goOn(method: 'next' | 'throw', sent: unknown): void {
    const interruption = this.#isWaiting ? this.#interruption(asyncNow()) : undefined;
    if (interruption === undefined) this.#resume(method, sent);
    else this.#resume('throw', interruption.error);
  }

  #resume(method: 'next' | 'throw', sent: unknown): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#step(method, sent);
  }

  #step(method: 'next' | 'throw', sent: unknown): void {
    this.#method = method;
    this.#sent = sent;
    let handedBack: unknown;
    try {
      handedBack = runPart(this.#node.scope, Coroutine.advance, this);
    } catch (error) {
      const settle = this.#settle;
      this.giveUp();
      settle?.reject(error);
      return;
    }
    if (handedBack === STOPPED) {
      const ended = lastPartStop();
      if (ended.stage !== 'late') {
        // Its generator counts as running for ever: no further step is possible.
        this.giveUp();
        this.#endStopped(this.#node, ended);
        return;
      }
    }
    try {
      this.#takeUp(this.#result as IteratorResult<unknown, unknown>);
    } catch (error) {
      // A generator of somebody's own making may hand back anything.
      const settle = this.#settle;
      this.giveUp();
      settle?.reject(error);
    }
  }

  #takeUp({ done, value }: IteratorResult<unknown, unknown>): void {
    this.#result = undefined;
    const settle = this.#settle;
    if (settle === undefined) {
      ignore(value);
    } else if (done === true) {
      this.giveUp();
      if (mayBeThenable(value)) this.#becomePromise();
      settle.resolve(value);
    } else {
      this.#wait(value, partEndedAt());
    }
  }

  /** From here on it is a promise that is waited for, which nothing can be thrown into. */
  #becomePromise(): void {
    const node = this.#node;
    node.coroutine = undefined;
    if (node.order === undefined) return;
    // It has been told already, and has gone on.
    node.isTold = true;
    node.isHardDue = node.order.grace === 0;
    node.getsTurn = true;
    if (node.isHardDue) node.wake?.();
  }

  /** The work of a part: one step of the generator. */
  static readonly advance = (coroutine: Coroutine): unknown => {
    const steps = coroutine.#steps;
    const sent = coroutine.#sent;
    coroutine.#sent = undefined;
    // Also kept here, because a strategy drops what comes too late.
    return (coroutine.#result =
      coroutine.#method === 'next' ? steps.next(sent) : steps.throw(sent));
  };

  #wait(yielded: unknown, time: number): void {
    this.#isWaiting = true;
    const interruption = this.#interruption(time);
    if (interruption !== undefined) {
      ignore(yielded);
      this.#throwLater(interruption.error);
      return;
    }
    waitFor(yielded, this.#onValue, this.#onError);
  }

  /** What is to be thrown at the `yield`, if anything. */
  #interruption(time: number): Failure | undefined {
    // Steps that follow each other without a turn of the event loop leave no room for the alarm.
    if (earliestDeadline() <= time) expireDue(takeStuck());
    return this.#pending();
  }

  #pending(): Failure | undefined {
    const node = this.#node;
    const { order } = node;
    if (order !== undefined && node.openShields === 0) {
      this.#throws++;
      return { error: orderError(order, 'yield') };
    }
    for (const raise of this.#raises) {
      if (raise.place !== undefined && raise.place.openShields > 0) continue;
      this.withdraw(raise);
      return raise.take();
    }
    return undefined;
  }

  #throwLater(error: unknown): void {
    if (this.#throws > MOST_THROWS) {
      const settle = this.#settle;
      this.giveUp();
      settle?.reject(error);
      return;
    }
    const onValue = this.#onValue;
    const resume = (): void => {
      if (this.#onValue === onValue) this.#resume('throw', error);
    };
    if (this.#throws <= THROWS_WITHOUT_TURN) void Promise.resolve().then(resume);
    else setImmediate(resume);
  }
}

import { now } from '../../clock.js';
import { InvalidStateError } from '../../errors/invalid-state-error.js';
import { QueueFullError } from '../../errors/queue-full-error.js';
import type {
  CallOutcome,
  HostKind,
  HostOptions,
  RunningCall,
} from '../../strategy/isolation/host.js';
import { uninterrupted } from '../../strategy/uninterrupted.js';
import { CallQueue } from './call-queue.js';
import { CallsAhead, type AheadLimits } from './calls-ahead.js';
import { HostSet, type HostDemand, type HostLimits } from './host-set.js';
import type { PoolCall } from './pool-call.js';
import { PoolCounters } from './pool-counters.js';
import type { PooledHost } from './pooled-host.js';

/** How a pool is made up. */
export interface PoolLimits extends HostLimits, AheadLimits {
  /** How many calls may wait beyond those that the pool has room for. */
  readonly maxQueue: number;
}

/**
 * Hosts of one kind, and the calls that wait for them. Belongs to one thread.
 *
 * A host that is lost is replaced in the next turn of the event loop. What keeps the process alive are the calls, never the hosts.
 */
export class HostPool implements HostDemand {
  readonly strategy: 'worker' | 'process';
  readonly counters: PoolCounters = new PoolCounters();
  readonly #limits: PoolLimits;
  readonly #queue = new CallQueue<PoolCall>();
  readonly #hosts: HostSet;
  readonly #ahead: CallsAhead;
  #running = 0;
  /** Why it takes no more calls. */
  #refusal: string | undefined;
  #whenDrained: (() => void)[] = [];
  #closed: Promise<void> | undefined;

  constructor(kind: HostKind, options: HostOptions, limits: PoolLimits) {
    this.strategy = kind.strategy;
    this.#limits = limits;
    this.#hosts = new HostSet(kind, options, limits, this.counters, this);
    this.#ahead = new CallsAhead(this.#queue, limits, (pooled, call, running) => {
      this.withdraw(call);
      this.#follow(pooled, call, running);
      this.#ahead.send(pooled);
    });
    this.#hosts.startMinimum();
  }

  get hostCount(): number {
    return this.#hosts.count;
  }

  get idleCount(): number {
    return this.#hosts.idleCount;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  get isOpen(): boolean {
    return this.#refusal === undefined;
  }

  /** Hands a call in; it is refused where there is no room for it. */
  submit(call: PoolCall): void {
    if (this.#refusal !== undefined) {
      call.refuse(new InvalidStateError(this.#refusal));
      return;
    }
    const host = this.#hosts.takeIdle();
    if (host !== undefined) {
      if (!this.#serve(host, call, false)) this.#hosts.offer(host);
      return;
    }
    const { size, maxQueue } = this.#limits;
    if (this.#queue.length >= size - this.#running + maxQueue) {
      call.refuse(new QueueFullError(maxQueue));
      return;
    }
    this.#queue.push(call);
    call.beginToWait();
    this.#hosts.startWanted();
  }

  /** Takes a call out of the queue. */
  withdraw(call: PoolCall): void {
    if (!call.isQueued) return;
    this.#queue.remove(call);
    this.#hosts.settleReferences();
    this.#noteDrained();
  }

  employ(pooled: PooledHost): boolean {
    for (let call = this.#takeFirst(); call !== undefined; call = this.#takeFirst()) {
      if (!this.#serve(pooled, call, true)) continue;
      this.#ahead.send(pooled);
      return true;
    }
    // Those that were taken out may have been the last.
    this.#noteDrained();
    return false;
  }

  startFailed(error: unknown): void {
    this.#takeFirst()?.refuse(error);
    this.#noteDrained();
  }

  /** Settles when nothing runs or waits. */
  drain(): Promise<void> {
    if (this.#running === 0 && this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenDrained.push(resolve);
    });
  }

  /** Takes no more calls, and ends its hosts once those that were taken are done. */
  close(): Promise<void> {
    this.#refusal ??= 'The pool is closed';
    return (this.#closed ??= this.drain().then(() => this.#hosts.end('close')));
  }

  /** Takes no more calls, ends those that run or wait, and its hosts. */
  terminate(): Promise<void> {
    this.#refusal = 'The pool was terminated';
    const error = new InvalidStateError('The pool was terminated before the task had ended');
    return uninterrupted(() => {
      for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
        call.end(error);
      }
      for (const { call } of this.#hosts.busy()) call?.end(error);
      this.#noteDrained();
      const ended = this.#hosts.end('terminate');
      const closed = this.#closed === undefined ? ended : Promise.all([ended, this.#closed]);
      return (this.#closed = closed.then(() => undefined));
    });
  }

  /** The call that waits longest. One that a host has begun by itself is not taken: it leaves the queue when that is heard. */
  #takeFirst(): PoolCall | undefined {
    for (let call = this.#queue.first; call !== undefined; call = call.next) {
      if (call.ahead?.takeBack() === false) continue;
      this.#queue.remove(call);
      return call;
    }
    return undefined;
  }

  /** @returns `false` where the call was not started; the host is free as before then */
  #serve(pooled: PooledHost, call: PoolCall, hasWaited: boolean): boolean {
    const taskCall = call.begin(hasWaited);
    if (taskCall === undefined) return false;
    let running;
    try {
      running = pooled.host.run(taskCall);
    } catch (error) {
      call.refuse(error);
      return false;
    }
    pooled.begin(now());
    pooled.reference(true);
    this.#follow(pooled, call, running);
    call.started(running);
    return true;
  }

  #follow(pooled: PooledHost, call: PoolCall, running: RunningCall): void {
    this.#running++;
    pooled.call = call;
    void running.outcome.then((outcome) => {
      this.#ended(pooled, call, outcome);
    });
  }

  #ended(pooled: PooledHost, call: PoolCall, outcome: CallOutcome): void {
    this.#running--;
    pooled.served++;
    this.counters.count(outcome);
    // First the next call is under way, then this one is settled. It may be so already: one that was sent ahead.
    if (pooled.call === call) {
      pooled.call = undefined;
      pooled.noteEnd(outcome.endedAt);
      this.#hosts.release(pooled);
    }
    call.settle(outcome);
    this.#noteDrained();
  }

  #noteDrained(): void {
    if (this.#whenDrained.length === 0 || this.#running > 0 || this.#queue.length > 0) return;
    const waiting = this.#whenDrained;
    this.#whenDrained = [];
    for (const resolve of waiting) resolve();
  }
}

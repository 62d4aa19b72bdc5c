import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers';
import type { HostKind, HostOptions } from '../../strategy/isolation/host.js';
import { IdleHosts } from './idle-hosts.js';
import type { PoolCounters } from './pool-counters.js';
import { PooledHost } from './pooled-host.js';

/** How many hosts there are, and for how long. */
export interface HostLimits {
  /** The most there are at a time. */
  readonly size: number;
  /** So many are kept, also while nothing is to be done. */
  readonly minimum: number;
  /** After so many calls a host is replaced. */
  readonly tasksPerHost: number;
  /** How long a host beyond `minimum` may be idle, ms. */
  readonly idleTimeout: number;
}

/** Who has work for hosts. */
export interface HostDemand {
  /** How many calls wait. */
  readonly waiting: number;
  /** Whether more may come. */
  readonly isOpen: boolean;
  /** A host is free: whether it was given work. */
  employ(host: PooledHost): boolean;
  /** A host could not be started; whoever waits longest is to hear why. */
  startFailed(error: unknown): void;
}

/** The hosts of a pool: as many as are wanted, the lost ones replaced. */
export class HostSet {
  readonly #kind: HostKind;
  readonly #options: HostOptions;
  readonly #limits: HostLimits;
  readonly #counters: PoolCounters;
  readonly #demand: HostDemand;
  readonly #hosts = new Set<PooledHost>();
  readonly #idle: IdleHosts;
  /** Hosts that are no longer of the pool and have not ended. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #outside = AsyncLocalStorage.snapshot();
  #starting = 0;
  /** Lost hosts that are to be replaced. */
  #vacant = 0;

  constructor(
    kind: HostKind,
    options: HostOptions,
    limits: HostLimits,
    counters: PoolCounters,
    demand: HostDemand,
  ) {
    this.#kind = kind;
    this.#options = options;
    this.#limits = limits;
    this.#counters = counters;
    this.#demand = demand;
    this.#idle = new IdleHosts(limits.idleTimeout, (host) => {
      if (this.#hosts.size <= limits.minimum) return false;
      if (this.#remove(host)) this.#letGo(host, 'close');
      return true;
    });
  }

  /** Those included that start. */
  get count(): number {
    return this.#hosts.size;
  }

  get idleCount(): number {
    return this.#idle.count;
  }

  /** A host that is free, if there is one. */
  takeIdle(): PooledHost | undefined {
    return this.#idle.pop();
  }

  /** A host has come to the end of a call, which did not take it along. */
  release(pooled: PooledHost): void {
    if (!pooled.host.isFree) this.#lose(pooled);
    else if (pooled.served < this.#limits.tasksPerHost) this.offer(pooled);
    else this.#recycle(pooled);
  }

  /** A host is free: for the call that waits longest, or to be idle. */
  offer(pooled: PooledHost): void {
    if (!this.#hosts.has(pooled)) return;
    if (!pooled.host.isFree) {
      this.#lose(pooled);
      return;
    }
    if (!this.#demand.employ(pooled)) {
      pooled.reference(false);
      this.#idle.push(pooled);
    }
    this.settleReferences();
  }

  /** As many hosts start as there are calls that wait for one. */
  startWanted(): void {
    while (this.#starting < this.#demand.waiting && this.#hosts.size < this.#limits.size) {
      this.#start();
    }
    this.settleReferences();
  }

  startMinimum(): void {
    const missing = this.#limits.minimum - this.#hosts.size;
    for (let count = 0; count < missing && this.#demand.isOpen; count++) this.#start();
  }

  /** Hosts that start keep the process alive while calls wait for them. */
  settleReferences(): void {
    if (this.#starting === 0) return;
    const isWanted = this.#demand.waiting > 0;
    for (const pooled of this.#hosts) if (!pooled.isReady) pooled.reference(isWanted);
  }

  /** What runs in them. */
  *busy(): Generator<PooledHost> {
    for (const pooled of this.#hosts) if (pooled.call !== undefined) yield pooled;
  }

  /** Ends them all; settles when they have ended, those included that were let go before. */
  async end(how: 'close' | 'terminate'): Promise<void> {
    this.#idle.stopWatching();
    const hosts = [...this.#hosts];
    for (const pooled of hosts) {
      if (pooled.call === undefined) this.#remove(pooled);
      // Somebody waits for their end.
      pooled.reference(true);
    }
    for (const pooled of hosts) this.#letGo(pooled, how);
    await Promise.all(this.#leaving);
  }

  #start(): void {
    let pooled: PooledHost;
    try {
      // In nobody's context: its events belong to whoever uses it next.
      pooled = new PooledHost(this.#outside(() => this.#kind.start(this.#options)));
    } catch (error) {
      this.#startFailed(error);
      return;
    }
    this.#hosts.add(pooled);
    this.#starting++;
    if (this.#vacant > 0) this.#vacant--;
    this.#counters.started++;
    void pooled.host.ready.then(
      () => {
        this.#starting--;
        pooled.isReady = true;
        this.offer(pooled);
      },
      (error: unknown) => {
        this.#starting--;
        this.#remove(pooled);
        this.#startFailed(error);
      },
    );
    void pooled.host.ended.then(() => {
      // While it ran something that is reported by its call.
      if (pooled.isReady && pooled.call === undefined) this.#lose(pooled);
    });
  }

  /** With no call that waits nobody tries again: the next one will. */
  #startFailed(error: unknown): void {
    this.#counters.lost++;
    this.#demand.startFailed(error);
    this.startWanted();
  }

  /** It is gone, or cannot be used any more. */
  #lose(pooled: PooledHost): void {
    if (!this.#remove(pooled)) return;
    this.#counters.lost++;
    this.#letGo(pooled, 'terminate');
    this.#replace(pooled);
  }

  #recycle(pooled: PooledHost): void {
    if (!this.#remove(pooled)) return;
    this.#counters.recycled++;
    this.#letGo(pooled, 'close');
    this.#replace(pooled);
  }

  #letGo({ host }: PooledHost, how: 'close' | 'terminate'): void {
    const left = host[how]().then(() => {
      this.#leaving.delete(left);
    });
    this.#leaving.add(left);
  }

  #remove(pooled: PooledHost): boolean {
    if (!this.#hosts.delete(pooled)) return false;
    this.#idle.remove(pooled);
    pooled.reference(false);
    return true;
  }

  /**
   * So that the next call waits as little as possible. One that has been of no use is not replaced for nothing. Not before
   * the caller of the last one has been told how it ended: it takes milliseconds to start a process.
   */
  #replace({ served }: PooledHost): void {
    if (served > 0) this.#vacant++;
    const soon = setImmediate(() => {
      this.#fill();
    });
    if (this.#demand.waiting === 0) soon.unref();
  }

  #fill(): void {
    const { waiting, isOpen } = this.#demand;
    let vacant = this.#vacant;
    this.#vacant = 0;
    if (!isOpen && waiting === 0) return;
    for (; vacant > 0 && this.#hosts.size < this.#limits.size; vacant--) this.#start();
    this.startWanted();
    this.startMinimum();
  }
}

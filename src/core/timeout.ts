import { inspect } from 'node:util';
import { invalidOptionRange, invalidOptionType } from '../errors/invalid-option-error.js';
import { InvalidStateError } from '../errors/invalid-state-error.js';
import { struckDepth } from '../strategy/native-strategy.js';
import { automaticStrategy, selectStrategy } from '../strategy/select-strategy.js';
import type { InThreadWork, Strategy } from '../strategy/strategy.js';
import { transferableTask } from '../strategy/isolation/transferable-task.js';
import { asyncNow } from './async-clock.js';
import { now } from '../clock.js';
import { executeAsync } from './async-execution.js';
import { orderError } from './async-node.js';
import { clockShowsExpiry, throwIfStruck } from './checkpoint.js';
import { execute } from './execution.js';
import { executeIsolatedSync, plainRequest } from './isolated-sync-run.js';
import { isolationOf } from './isolation-choice.js';
import { dropDeadline, moveDeadline } from './deadline-change.js';
import {
  parseDuration,
  parseOptions,
  PLAIN_SETTINGS,
  type ErrorOption,
  type RunSyncOptions,
} from './options.js';
import { effectiveDeadline, struckScope, timeLeft } from './reaching-limits.js';
import { Scope, type CallSite, type TimeoutState } from './scope.js';
import { timeoutErrorOf } from './scope-error.js';
import { makeScopeSignal } from './scope-signal.js';
import { shieldWork } from './shield.js';
import { endStarted, startTimeout } from './started-timeout.js';

/** The inside of a scope, for the parts of the core that are not its members. */
export let scopeOf: (timeout: Timeout) => Scope;

/**
 * One run of one piece of work under one deadline.
 *
 * At the deadline the work is stopped by the scope's strategy. In a hard stop of synchronous code the engine runs no
 * `catch` and no `finally` of the stopped frames: what must happen all the same belongs into `defer` or `use`, or needs
 * a `grace` in which the work ends itself at a `checkpoint()`. Built-ins that never look at the engine's stack guard
 * (a huge `JSON.parse`, a `sort` without comparator, `execSync`) are not stopped before they return.
 *
 * A scope can be run again after it has ended, never inside its own run. Cleanup is registered anew for each run.
 */
export class Timeout {
  static {
    scopeOf = (timeout) => timeout.#scope;
    // What `console.log` shows.
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: Timeout): string {
        return `Timeout { timeout: ${String(this.timeout)}, state: '${this.state}' }`;
      },
      configurable: true,
      writable: true,
    });
  }
  readonly #scope: Scope;

  /**
   * Makes a scope; nothing is armed before it runs.
   *
   * @param timeout the limit in ms from the start of the run; `undefined`, `null` and `Infinity` are none, `0` is expired
   *   already
   * @param options what else the scope takes; `deadline` may stand in place of `timeout`
   * @throws InvalidOptionError for the first option that is out of type or range, or contradicts another
   */
  constructor(timeout?: number | null, options?: Omit<RunSyncOptions, 'timeout'>) {
    this.#scope = new Scope(
      this,
      parseDuration(timeout, 'timeout'),
      options === undefined ? PLAIN_SETTINGS : parseOptions(options, timeout),
    );
  }

  /** The scope's label, from its options. */
  get name(): string | undefined {
    return this.#scope.settings.name;
  }

  /** How the scope stands. */
  get state(): TimeoutState {
    return this.#scope.state;
  }

  /** `true` only after the work has returned in time. */
  get ok(): boolean {
    return this.#scope.state === 'executed';
  }

  /** The limit in ms; for a scope made from a `deadline`, what was left of it when the run started. */
  get timeout(): number {
    return this.#scope.timeout;
  }

  /**
   * When the running scope expires, ms on the `performance.now()` scale: the earliest of its own deadline and those of
   * the scopes around it. `Infinity` without a limit, inside a shield, and before the run unless it was made from one.
   */
  get deadline(): number {
    const scope = this.#scope;
    if (scope.running) return effectiveDeadline(scope, scope.isAsync);
    return scope.state === 'pending' ? (scope.settings.deadline ?? Infinity) : scope.deadline;
  }

  /** What is left until the deadline, ms: never negative, `Infinity` without a limit, 0 after the end. */
  remaining(): number {
    const scope = this.#scope;
    if (scope.running) return Math.max(0, timeLeft(scope, now()));
    if (scope.state !== 'pending') return 0;
    const { deadline } = scope.settings;
    return deadline === undefined ? scope.timeout : Math.max(0, deadline - asyncNow());
  }

  /** Since the start of the run, ms; to its end once it has ended, 0 before it. */
  elapsed(): number {
    const scope = this.#scope;
    if (scope.state === 'pending') return 0;
    return (scope.running ? scope.time() : scope.endedAt) - scope.startedAt;
  }

  /**
   * Whether the deadline, or one around it, has passed. Reads shared memory and the clock: no native call, some tens of
   * ns.
   */
  get expired(): boolean {
    const scope = this.#scope;
    if (!scope.running) return scope.state === 'timed_out' || scope.node?.order !== undefined;
    // The watchdog may not have had its turn yet.
    const isLikely = struckDepth() <= scope.depth || clockShowsExpiry(scope);
    return isLikely && struckScope(scope) !== undefined;
  }

  /**
   * Throws if the deadline of this scope, or of one around it, has passed: the cooperative stop, in which `catch` and
   * `finally` run. Costs some ns while it has not: it reads shared memory and, unless the calls follow each other within a
   * microsecond, the clock.
   *
   * @throws TimeoutError of the scope whose deadline came first
   */
  checkpoint(): void {
    const scope = this.#scope;
    const { pace } = scope;
    if (struckDepth() > scope.depth && pace?.hasShownExpiry !== true && scope.isFramed) {
      if (pace !== undefined && pace.toSkip > 0) {
        pace.toSkip--;
        return;
      }
      if (!clockShowsExpiry(scope)) return;
    }
    // Asynchronous work may go on although nobody waits for it any more.
    if (scope.isBinding()) throwIfStruck(scope, Timeout.prototype.checkpoint);
  }

  /**
   * Aborts at the soft stop with the `TimeoutError` as its reason. Made when it is first read. A synchronous loop that
   * polls `aborted` sees it abort; work that does not ask is told when the scope has ended.
   */
  get signal(): AbortSignal {
    const scope = this.#scope;
    if (scope.controller !== undefined) return scope.controller.signal;
    scope.controller = makeScopeSignal({
      isExpired: () => this.expired,
      reason: () => {
        const owner = struckScope(scope);
        if (owner === undefined) return scope.error;
        return timeoutErrorOf(owner, 'signal', true, scope.callSite as CallSite);
      },
    });
    const order = scope.node?.order;
    if (order !== undefined) scope.controller.abort(orderError(order));
    return scope.controller.signal;
  }

  /**
   * Moves the deadline of the running scope to `ms` from now; before the run, changes its timeout.
   *
   * @param ms the new limit in ms; `undefined`, `null`, `Infinity`: none
   * @throws InvalidStateError when the deadline has passed, or the run has ended
   * @throws StrategyUnavailableError when what runs the work cannot move a deadline (`vm`, `worker`)
   */
  reschedule(ms: number | null | undefined): void {
    const timeout = parseDuration(ms, 'timeout');
    const scope = this.#scope;
    if (scope.running) moveDeadline(scope, scope.time() + timeout);
    else if (scope.state === 'pending') scope.timeout = timeout;
    else
      throw new InvalidStateError(
        `The scope has ended (${scope.state}): it has no deadline to move`,
      );
  }

  /**
   * Moves the deadline of the running scope to an instant on the `performance.now()` scale.
   *
   * @param instant ms; `Infinity`: none; one that has passed stops the work at once
   * @throws as {@link Timeout.reschedule}; InvalidStateError also before the run
   */
  rescheduleAt(instant: number): void {
    const rule = 'an instant on the performance.now() scale';
    if (typeof instant !== 'number') throw invalidOptionType('instant', rule, instant);
    if (Number.isNaN(instant)) throw invalidOptionRange('instant', rule, instant);
    const scope = this.#scope;
    if (!scope.running) {
      throw new InvalidStateError(
        `The scope does not run (${scope.state}): it has no deadline to move`,
      );
    }
    moveDeadline(scope, instant);
  }

  /**
   * Drops the timeout: the running work may go on to its end, and the state becomes `'cancelled'`. Before and after the
   * run there is nothing to drop; repeated calls change nothing.
   *
   * @throws StrategyUnavailableError when what runs the work cannot drop a deadline (`vm`, `worker`)
   */
  cancel(): void {
    const scope = this.#scope;
    if (endStarted(scope, 'cancelled') || !scope.running || scope.state === 'cancelled') return;
    dropDeadline(scope);
  }

  /**
   * Registers cleanup: run when the scope ends in whatever way, a hard stop included, the last one first. Errors that
   * callbacks throw are not lost: they arrive as, or inside, a `SuppressedError`.
   *
   * @param callback called without arguments, once, when this scope's own limit is over; in an asynchronous run it may
   *   return a promise, which is waited for. For a timeout that was started nobody waits: it is called when that is thrown,
   *   cancelled or closed, or ends with its run
   * @throws InvalidOptionError when it is not a function
   */
  defer(callback: () => unknown): void {
    if (typeof callback !== 'function') throw invalidOptionType('callback', 'a function', callback);
    this.#scope.addCleanup(callback);
  }

  /**
   * Registers a resource for disposal when the scope ends, as {@link Timeout.defer} does a callback.
   *
   * @param resource has a `[Symbol.dispose]` method, or, while asynchronous work runs under the scope, a
   *   `[Symbol.asyncDispose]` method, which is waited for; `null` and `undefined` are passed through
   * @returns the resource
   * @throws InvalidOptionError when it has no such method
   */
  use<R extends Disposable | AsyncDisposable | null | undefined>(resource: R): R {
    if (resource === null || resource === undefined) return resource;
    const { [Symbol.dispose]: dispose, [Symbol.asyncDispose]: disposeAsync } = resource as Partial<
      Disposable & AsyncDisposable
    >;
    const method = this.#scope.isAsync ? (disposeAsync ?? dispose) : dispose;
    if (typeof method !== 'function') {
      const rule = this.#scope.isAsync
        ? 'an object with a [Symbol.dispose] or [Symbol.asyncDispose] method'
        : 'an object with a [Symbol.dispose] method';
      throw invalidOptionType('resource', rule, resource);
    }
    this.#scope.addCleanup(() => Reflect.apply(method, resource, []));
    return resource;
  }

  /**
   * Runs `work` with the deadlines that are live around it held off until it ends: for cleanup that must not be cut. A
   * deadline that passes meanwhile strikes when the shield ends. Scopes that are started inside have their own limits.
   *
   * @param work called without arguments; it ends when the promise that it returns has settled. Of a generator function
   *   call the steps with `yield*`: `yield* scope.shield(function* () { … })`
   * @returns its value
   * @throws what `work` throws; StrategyUnavailableError when a strategy around it cannot hold its deadline off (`vm`)
   */
  shield<T>(work: () => T): T {
    if (typeof work !== 'function') throw invalidOptionType('work', 'a function', work);
    return shieldWork(work) as T;
  }

  /**
   * Runs synchronous work under this scope's limit, in this thread unless its `strategy` says otherwise.
   *
   * On expiry the work is stopped and the scope's `TimeoutError` is thrown, or what its options put in its place.
   * Promises, timers and `process.nextTick` callbacks that the work leaves behind are not stopped.
   *
   * @param work called with this scope
   * @returns the work's value, if it came before the deadline
   * @throws TimeoutError when it did not; what the work throws; the reason of an aborted `signal`; InvalidStateError
   *   while this scope runs; StrategyUnavailableError when the strategy asked for is not there
   */
  runSync<T>(work: (scope: this) => T): T {
    const scope = this.#scope;
    const callSite = Timeout.prototype.runSync;
    const isolation = isolationOf(scope, work);
    if (isolation === undefined) {
      return execute(scope, strategyFor(this, work), work, this, callSite) as T;
    }
    const request = plainRequest(transferableTask(work));
    return executeIsolatedSync(isolation, scope, request, undefined, callSite) as T;
  }

  /**
   * Runs asynchronous work under this scope's limit: see {@link run}, which does the same with a scope of its own.
   *
   * @param work called with this scope
   * @returns the work's value, if it came before the deadline
   * @throws (rejects with) TimeoutError when it did not; what the work throws; the reason of an aborted `signal`;
   *   InvalidStateError while this scope runs, or after `close()`
   */
  run<T>(work: (scope: this) => T | PromiseLike<T> | Generator<unknown, T, unknown>): Promise<T> {
    const scope = this.#scope;
    return executeAsync(scope, work, Timeout.prototype.run) as Promise<T>;
  }

  /**
   * Schedules this timeout by itself, for the code that follows: gevent's `start`.
   *
   * On expiry its error is thrown, once, at the present or next `yield` of the coroutine that called; in the work of an
   * async function the whole `run` ends with it, as that cannot be thrown into. It ends with that run, in any case. One
   * that is scheduled already stays as it is.
   *
   * @returns this
   * @throws InvalidStateError outside of a `run`, inside a `runSync`, after `close()`, and while work runs under this scope
   */
  start(): this {
    startTimeout(this.#scope, Timeout.prototype.start);
    return this;
  }

  /** Whether the timeout waits to strike: it has a limit, and was started or runs. */
  get pending(): boolean {
    const { running, deadline, node } = this.#scope;
    return running && deadline !== Infinity && node?.order === undefined;
  }

  /**
   * Ends a timeout that was started, in time; it cannot be started or run again. Around running work it does what
   * {@link Timeout.cancel} does.
   */
  close(): void {
    const scope = this.#scope;
    try {
      if (!endStarted(scope, 'executed')) this.cancel();
    } finally {
      scope.isClosed = true;
    }
  }

  /** Closes the timeout at the end of a block: `using timeout = Timeout.startNew(100)`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Makes a timeout and starts it, or starts the one that is given: gevent's `start_new`.
   *
   * @param timeout the limit in ms, or a timeout, which is returned itself
   * @param error what to throw instead of the `TimeoutError`
   * @throws as {@link Timeout.start} and the constructor
   */
  static startNew(timeout?: number | Timeout | null, error?: ErrorOption): Timeout {
    if (timeout instanceof Timeout) return timeout.start();
    return new Timeout(timeout, error === undefined ? undefined : { error }).start();
  }

  /** The limit in ms, so that timeouts can be compared by it: `new Timeout(1) < new Timeout(2)`. */
  valueOf(): number {
    return this.#scope.timeout;
  }

  /** `Timeout: 100 ms`, with the label if there is one. */
  toString(): string {
    const { timeout, settings } = this.#scope;
    return `Timeout: ${String(timeout)} ms${settings.name === undefined ? '' : ` (${settings.name})`}`;
  }
}

/** Makes the scope that a limit in ms, or options, describe. */
export function scopeFor(options: number | null | undefined | RunSyncOptions): Timeout {
  return typeof options === 'object' && options !== null
    ? new Timeout(options.timeout, options)
    : new Timeout(options);
}

/** The strategy for synchronous work under a scope; refuses what is no function. */
export function strategyFor(timeout: Timeout, work: unknown): Strategy<InThreadWork, unknown> {
  if (typeof work !== 'function') throw invalidOptionType('work', 'a function', work);
  const { settings } = scopeOf(timeout);
  return settings === PLAIN_SETTINGS
    ? automaticStrategy
    : selectStrategy(settings.strategy, settings.cpuTimeout !== Infinity).strategy;
}

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { InvalidStateError, Timeout, isTimeoutError, type TimeoutState } from 'hardstop';
import { installFakeClock, type FakeClock } from 'hardstop/testing';
import { forEachWork, type ScopePlan, type Work } from './scope-plan.js';

/** What became of one scope, or of a timeout that was started by itself. */
export interface Fate {
  readonly state: TimeoutState;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Its own, as it was at last; the model does not tell. */
  readonly deadline?: number;
  /** What its promise came to: `'value'`, `'default'`, or the name of an error; nothing for a timeout that was started. */
  readonly result: string | undefined;
  /** How often its timeout was reported on the diagnostics channel. */
  readonly reports: number;
}

export type Fates = Map<number, Fate>;

/** What a plan came to. */
export interface WorldReport {
  readonly fates: Fates;
  readonly pendingCount: number;
  readonly unhandled: readonly unknown[];
}

/** More than any chain of reactions to one event takes. */
const TURNS = 12;

class OwnError extends Error {}

/** Carries a plan out on the real scopes under the fake clock. */
export async function carryOut(plan: ScopePlan): Promise<WorldReport> {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  const clock = installFakeClock();
  const world = new World(clock);
  process.on('unhandledRejection', onUnhandled);
  subscribe('hardstop:timeout', world.onReport);
  try {
    world.prepare(plan);
    void world.run(plan).catch(() => undefined);
    await world.moveTime();
    return { fates: world.fates(), pendingCount: clock.pendingCount, unhandled };
  } finally {
    unsubscribe('hardstop:timeout', world.onReport);
    clock.uninstall();
    await turn();
    process.off('unhandledRejection', onUnhandled);
  }
}

interface Event {
  readonly at: number;
  readonly happen: () => void;
}

interface Record {
  readonly timeout: Timeout;
  readonly startedAt: number;
  result: string | undefined;
}

class World {
  readonly #clock: FakeClock;
  #sleeps: Event[] = [];
  #aborts: Event[] = [];
  readonly #signals = new Map<number, AbortSignal>();
  readonly #records = new Map<number, Record>();
  readonly #ids = new Map<unknown, number>();
  readonly #reports = new Map<unknown, number>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  readonly onReport = (message: unknown): void => {
    const { scope } = message as { readonly scope: unknown };
    this.#reports.set(scope, (this.#reports.get(scope) ?? 0) + 1);
  };

  prepare(plan: ScopePlan): void {
    forEachWork(plan, (work) => {
      if (work.kind !== 'scope' || work.abortAt === Infinity) return;
      const controller = new AbortController();
      const reason = new OwnError(`abort ${work.id}`);
      this.#aborts.push({ at: work.abortAt, happen: () => controller.abort(reason) });
      this.#signals.set(work.id, controller.signal);
    });
  }

  /** Lets everything happen: at each instant first deadlines, then aborts, then the ends of sleeps. */
  async moveTime(): Promise<void> {
    for (;;) {
      await settle();
      const events = [...this.#sleeps, ...this.#aborts].map(({ at }) => at);
      const next = Math.min(this.#clock.nextDeadline, ...events);
      if (next === Infinity) return;
      await this.#clock.advance(next - this.#clock.now());
      await settle();
      this.#aborts = await this.#happen(this.#aborts);
      this.#sleeps = await this.#happen(this.#sleeps, () => this.#sleeps);
    }
  }

  async #happen(events: Event[], all: () => Event[] = () => events): Promise<Event[]> {
    const now = this.#clock.now();
    const due = events.filter(({ at }) => at <= now);
    for (const { happen } of due) happen();
    if (due.length > 0) await settle();
    return all().filter((event) => !due.includes(event));
  }

  run(plan: ScopePlan): Promise<void> {
    const { id, timeout, grace, hasDefault } = plan;
    const signal = this.#signals.get(id);
    const scope = new Timeout(timeout, {
      grace,
      name: `scope ${id}`,
      ...(hasDefault && { default: 'default' }),
      ...(signal !== undefined && { signal }),
    });
    this.#ids.set(scope, id);
    const record: Record = { timeout: scope, startedAt: this.#clock.now(), result: undefined };
    this.#records.set(id, record);
    const promise =
      plan.flavour === 'function'
        ? scope.run(async () => {
            await this.#perform(plan.body, scope, true);
            return 'value';
          })
        : scope.run(this.#stepsOf(plan.body, scope));
    return promise.then(
      (value) => {
        record.result = value;
      },
      (error: unknown) => {
        record.result = this.#nameOf(error);
        throw error;
      },
    );
  }

  /** Listens to the scope around, so that it is given the rest of the turn when it is told to stop. */
  #runIn(plan: ScopePlan, around: Timeout): Promise<void> {
    // Reading it is what makes it.
    assert.ok(around.signal instanceof AbortSignal);
    return this.run(plan);
  }

  #stepsOf(body: Work, scope: Timeout): () => Generator<unknown, string, unknown> {
    const steps = this.#steps.bind(this);
    return function* () {
      yield* steps(body, scope);
      return 'value';
    };
  }

  /** @param isDirect it is the scope's own work, not something beside it */
  async #perform(work: Work, scope: Timeout, isDirect: boolean): Promise<void> {
    switch (work.kind) {
      case 'sleep':
        return this.#sleep(work.ms, work.obeys && isDirect ? scope.signal : undefined);
      case 'sequence':
        for (const step of work.steps) await this.#perform(step, scope, isDirect);
        return;
      case 'attempt':
        try {
          await this.#perform(work.body, scope, isDirect);
        } catch {
          await this.#perform(work.handler, scope, isDirect);
        }
        return;
      case 'both':
        return this.#both(work, scope);
      case 'shield':
        return scope.shield(() => this.#perform(work.body, scope, isDirect));
      case 'forever':
        return new Promise(() => undefined);
      case 'scope':
        return this.#runIn(work, scope);
      default:
        this.#performAtOnce(work, scope, isDirect);
    }
  }

  *#steps(work: Work, scope: Timeout): Generator<unknown, void, unknown> {
    switch (work.kind) {
      case 'sleep':
        yield this.#sleep(work.ms, undefined);
        return;
      case 'sequence':
        for (const step of work.steps) yield* this.#steps(step, scope);
        return;
      case 'attempt':
        try {
          yield* this.#steps(work.body, scope);
        } catch {
          yield* this.#steps(work.handler, scope);
        }
        return;
      case 'both':
        yield this.#both(work, scope);
        return;
      case 'shield':
        yield* scope.shield(() => this.#steps(work.body, scope));
        return;
      case 'forever':
        yield new Promise(() => undefined);
        return;
      case 'scope':
        yield this.#runIn(work, scope);
        return;
      default:
        this.#performAtOnce(work, scope, true);
    }
  }

  #performAtOnce(
    work: Extract<Work, { kind: 'fail' | 'spawn' | 'reschedule' | 'cancel' | 'start' }>,
    scope: Timeout,
    isDirect: boolean,
  ): void {
    if (work.kind === 'fail') throw new OwnError('failure');
    if (work.kind === 'spawn') {
      void this.#perform(work.body, scope, false).catch(() => undefined);
      return;
    }
    const isRunning = scope.state === 'executing' || scope.state === 'cancelled';
    if (!isDirect || !isRunning || scope.expired || scope.signal.aborted) return;
    if (work.kind === 'cancel') scope.cancel();
    else if (work.kind === 'start') this.#start(work.id, work.ms);
    else if (scope.state === 'executing') reschedule(scope, work.ms);
  }

  #start(id: number, ms: number): void {
    const timeout = Timeout.startNew(ms);
    this.#ids.set(timeout, id);
    this.#records.set(id, { timeout, startedAt: this.#clock.now(), result: undefined });
  }

  async #both(work: Extract<Work, { kind: 'both' }>, scope: Timeout): Promise<void> {
    const results = await Promise.allSettled([
      this.#perform(work.first, scope, false),
      this.#perform(work.second, scope, false),
    ]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal?.reason);
      if (signal?.aborted === true) stop();
      signal?.addEventListener('abort', stop, { once: true });
      this.#sleeps.push({ at: this.#clock.now() + ms, happen: resolve });
    });
  }

  fates(): Fates {
    const ids = [...this.#records.keys()].sort((a, b) => a - b);
    return new Map(
      ids.map((id) => {
        const { timeout, startedAt, result } = this.#records.get(id) as Record;
        const { state } = timeout;
        const endedAt = startedAt + timeout.elapsed();
        const deadline = Math.min(timeout.deadline, startedAt + timeout.timeout);
        const reports = this.#reports.get(timeout) ?? 0;
        return [id, { state, startedAt, endedAt, deadline, result, reports }];
      }),
    );
  }

  #nameOf(error: unknown): string {
    if (isTimeoutError(error)) return `timeout ${String(this.#ids.get(error.scope))}`;
    return error instanceof OwnError ? error.message : `unexpected: ${String(error)}`;
  }
}

/** Inside a shield nothing shows that the deadline has passed, but it cannot be moved any more. */
function reschedule(scope: Timeout, ms: number): void {
  try {
    scope.reschedule(ms);
  } catch (error) {
    if (!(error instanceof InvalidStateError)) throw error;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < TURNS; turns++) await turn();
}

import type { ScopePlan, Work } from './scope-plan.js';
import type { Fate, Fates } from './scope-world.js';

/**
 * When something happens. At one instant there is an order: deadlines strike and aborts come, what they set off happens in
 * microtasks (`REACTION`), then later in the turn of the event loop (`TURN`), and at last sleeps end (`AFTERWARDS`).
 */
interface Moment {
  readonly time: number;
  readonly phase: number;
}

const REACTION = 0;
const TURN = 1;
const AFTERWARDS = 2;

/** How work ends. */
interface End {
  readonly at: Moment;
  readonly error: string | undefined;
}

/** Tells a scope to stop. */
interface Limit {
  readonly time: number;
  readonly error: string;
  /** The scope whose deadline it is; `undefined`: an abort, or what was raised. */
  readonly owner: number | undefined;
  readonly grace: number;
}

const NO_LIMIT: Limit = { time: Infinity, error: '', owner: undefined, grace: 0 };

/** This many throws in a row come in microtasks. */
const PROMPT_THROWS = 3;

/** A run of a scope while its work is followed. */
interface Run {
  readonly plan: ScopePlan;
  readonly outer: Limit;
  /** What reaches its work, once that is known; until then its work is followed to find it out. */
  readonly known: Limit | undefined;
  struck: Limit | undefined;
  own: Limit;
  isCancelled: boolean;
  raises: {
    readonly id: number;
    readonly startedAt: number;
    readonly limit: Limit;
    isThrown: boolean;
  }[];
  throws: number;
  /** Since when it listens to its signal. */
  heardSince: number;
}

/** Two things happen at one instant whose order nobody promises. */
export class AmbiguityError extends Error {}

/** Foretells what becomes of each scope of a plan. */
export function foretell(plan: ScopePlan): Fates {
  const model = new Model();
  model.scope(plan, { time: 0, phase: REACTION }, NO_LIMIT);
  return new Map([...model.fates].sort(([a], [b]) => a - b));
}

class Model {
  readonly fates: Fates = new Map();

  scope(plan: ScopePlan, start: Moment, outer: Limit): End {
    const { id, abortAt } = plan;
    if (abortAt <= start.time) return this.#refused(plan, start, `abort ${id}`);
    if (outer.time <= start.time) return this.#refused(plan, start, outer.error);

    // First without knowing what will reach it, then once more for what it leaves running.
    const first = this.#newRun(plan, start, outer, undefined);
    const foreseen = new Model().#work(plan.body, start, first);
    const limit = first.struck ?? this.#limit(first);
    const isInTime = foreseen.at.time < limit.time;
    const run = this.#newRun(plan, start, outer, isInTime ? outer : limit);
    const end = this.#work(plan.body, start, run);
    const fate = isInTime ? this.#byItself(first, end) : this.#stopped(run, limit, end);
    this.#note(plan.id, start, fate.at, fate.state, fate.result ?? 'value');
    for (const raise of run.raises) {
      const expired = raise.limit.time <= fate.at.time;
      const endedAt = { time: Math.min(raise.limit.time, fate.at.time), phase: REACTION };
      const at = { time: raise.startedAt, phase: REACTION };
      this.#note(raise.id, at, endedAt, expired ? 'timed_out' : 'cancelled', undefined);
    }
    return {
      at: fate.at,
      error: fate.result === 'default' ? undefined : fate.result,
    };
  }

  #newRun(plan: ScopePlan, start: Moment, outer: Limit, known: Limit | undefined): Run {
    const own = ownLimit(plan, start.time + plan.timeout);
    const heardSince = Infinity;
    return {
      plan,
      outer,
      known,
      own,
      heardSince,
      struck: undefined,
      isCancelled: false,
      raises: [],
      throws: 0,
    };
  }

  #refused(plan: ScopePlan, at: Moment, error: string): End {
    this.#note(plan.id, at, at, 'interrupted', error);
    return { at, error };
  }

  #note(
    id: number,
    start: Moment,
    end: Moment,
    state: Fate['state'],
    result: string | undefined,
  ): void {
    const reports = state === 'timed_out' ? 1 : 0;
    this.fates.set(id, { state, startedAt: start.time, endedAt: end.time, result, reports });
  }

  #byItself(
    { isCancelled }: Run,
    { at, error }: End,
  ): { at: Moment; state: Fate['state']; result: string | undefined } {
    if (error === undefined) {
      return { at, state: isCancelled ? 'cancelled' : 'executed', result: undefined };
    }
    return { at, state: error.startsWith('timeout') ? 'interrupted' : 'failed', result: error };
  }

  #stopped(
    run: Run,
    limit: Limit,
    end: End,
  ): { at: Moment; state: Fate['state']; result: string | undefined } {
    const { plan } = run;
    const isOwn = limit.owner === plan.id;
    let at = end.at;
    let isSettled = true;
    if (plan.flavour === 'function') {
      const isForeign = limit.owner !== undefined && !isOwn;
      const grace = isForeign ? Math.min(limit.grace, plan.grace) : limit.grace;
      const giveUpAt = limit.time + grace;
      isSettled = end.at.time < giveUpAt || (end.at.time === giveUpAt && end.at.phase === REACTION);
      const isHeard = grace > 0 || run.heardSince < limit.time;
      if (!isSettled) at = { time: giveUpAt, phase: isHeard ? TURN : REACTION };
    }
    if (isSettled && end.error !== undefined && end.error !== limit.error) {
      return this.#byItself(run, end);
    }
    if (!isOwn) return { at, state: 'interrupted', result: limit.error };
    return { at, state: 'timed_out', result: plan.hasDefault ? 'default' : limit.error };
  }

  /** What will reach the work of a run next: the earliest, of equal ones the outermost. */
  #limit(run: Run): Limit {
    if (run.known !== undefined) return run.known;
    if (run.struck !== undefined) return run.struck;
    const { plan, own, outer } = run;
    const candidates = [outer, own];
    if (plan.abortAt !== Infinity) {
      candidates.push({
        time: plan.abortAt,
        error: `abort ${plan.id}`,
        owner: undefined,
        grace: plan.grace,
      });
    }
    if (plan.flavour === 'function') candidates.push(...run.raises.map(({ limit }) => limit));
    return candidates.reduce((best, limit) => (limit.time < best.time ? limit : best));
  }

  /** Follows the work of a scope itself. */
  #work(work: Work, at: Moment, run: Run): End {
    switch (work.kind) {
      case 'sleep':
        return this.#sleep(work, at, run);
      case 'fail':
        return { at, error: 'failure' };
      case 'sequence':
        return this.#sequence(work.steps, at, (step, from) => this.#work(step, from, run));
      case 'attempt': {
        const end = this.#work(work.body, at, run);
        return end.error === undefined ? end : this.#work(work.handler, end.at, run);
      }
      case 'both':
        return this.#await(this.#both(work, at, run), at, run);
      case 'spawn':
        this.#beside(work.body, at, run);
        return { at, error: undefined };
      case 'scope':
        run.heardSince = Math.min(run.heardSince, at.time);
        return this.#await(this.scope(work, at, this.#limit(run)), at, run);
      case 'shield':
      case 'forever':
        throw new TypeError(`The model knows nothing of ${work.kind}`);
      default:
        this.#change(work, at, run);
        return { at, error: undefined };
    }
  }

  #sleep(work: Extract<Work, { kind: 'sleep' }>, at: Moment, run: Run): End {
    const end = { at: { time: at.time + work.ms, phase: AFTERWARDS }, error: undefined };
    if (run.plan.flavour === 'coroutine' || !work.obeys) return this.#await(end, at, run);
    run.heardSince = Math.min(run.heardSince, at.time);
    const { time, error } = this.#limit(run);
    if (at.time >= time) return { at, error };
    if (end.at.time < time) return end;
    return this.#await({ at: { time, phase: REACTION }, error }, at, run);
  }

  /** The scope's own work waits. */
  #await(end: End, from: Moment, run: Run): End {
    const limit = this.#limit(run);
    if (run.plan.flavour === 'coroutine') {
      if (from.time >= limit.time) return this.#thrown(from, limit, run);
      const raise = run.raises
        .filter(({ isThrown }) => !isThrown)
        .reduce<Run['raises'][number] | undefined>(
          (best, next) => (next.limit.time < (best?.limit.time ?? Infinity) ? next : best),
          undefined,
        );
      const raisedAt = raise?.limit.time ?? Infinity;
      if (raise !== undefined && raisedAt <= end.at.time && raisedAt < limit.time) {
        if (raisedAt === end.at.time && end.at.phase < AFTERWARDS) throw new AmbiguityError();
        raise.isThrown = true;
        const at = { time: Math.max(raisedAt, from.time), phase: REACTION };
        return { at, error: raise.limit.error };
      }
      if (end.at.time >= limit.time) {
        run.struck = limit;
        return this.#thrown({ time: limit.time, phase: REACTION }, limit, run);
      }
    } else if (end.at.time >= limit.time) {
      const isRaised = run.raises.some((raise) => raise.limit === limit);
      if (isRaised && end.at.time === limit.time && end.at.phase < AFTERWARDS && !run.plan.grace)
        throw new AmbiguityError();
      run.struck = limit;
    }
    return end;
  }

  #thrown(at: Moment, { error }: Limit, run: Run): End {
    run.throws++;
    const phase = run.throws > PROMPT_THROWS ? Math.max(at.phase, TURN) : at.phase;
    return { at: { time: at.time, phase }, error };
  }

  /** Follows work beside that of the scope itself: nothing tells it to stop but what it calls. */
  #beside(work: Work, at: Moment, run: Run): End {
    switch (work.kind) {
      case 'sleep':
        return { at: { time: at.time + work.ms, phase: AFTERWARDS }, error: undefined };
      case 'fail':
        return { at, error: 'failure' };
      case 'sequence':
        return this.#sequence(work.steps, at, (step, from) => this.#beside(step, from, run));
      case 'attempt': {
        const end = this.#beside(work.body, at, run);
        return end.error === undefined ? end : this.#beside(work.handler, end.at, run);
      }
      case 'both':
        return this.#both(work, at, run);
      case 'spawn':
        this.#beside(work.body, at, run);
        return { at, error: undefined };
      case 'scope':
        run.heardSince = Math.min(run.heardSince, at.time);
        return this.scope(work, at, this.#limit(run));
      default:
        return { at, error: undefined };
    }
  }

  #sequence(steps: readonly Work[], at: Moment, follow: (step: Work, from: Moment) => End): End {
    let end: End = { at, error: undefined };
    for (const step of steps) {
      end = follow(step, end.at);
      if (end.error !== undefined) break;
    }
    return end;
  }

  #both(work: Extract<Work, { kind: 'both' }>, at: Moment, run: Run): End {
    const first = this.#beside(work.first, at, run);
    const second = this.#beside(work.second, at, run);
    return { at: later(first.at, second.at), error: first.error ?? second.error };
  }

  #change(
    work: Extract<Work, { kind: 'reschedule' | 'cancel' | 'start' }>,
    { time }: Moment,
    run: Run,
  ): void {
    run.heardSince = Math.min(run.heardSince, time);
    if (time >= this.#limit(run).time) return;
    if (work.kind === 'start') {
      const { id, ms } = work;
      const limit = {
        time: time + ms,
        error: `timeout ${id}`,
        owner: undefined,
        grace: run.plan.grace,
      };
      run.raises.push({ id, startedAt: time, limit, isThrown: false });
    } else if (!run.isCancelled) {
      run.isCancelled = work.kind === 'cancel';
      run.own = ownLimit(run.plan, work.kind === 'cancel' ? Infinity : time + work.ms);
    }
  }
}

function ownLimit({ id, grace }: ScopePlan, time: number): Limit {
  return { time, error: `timeout ${id}`, owner: id, grace };
}

function later(a: Moment, b: Moment): Moment {
  return a.time > b.time || (a.time === b.time && a.phase > b.phase) ? a : b;
}

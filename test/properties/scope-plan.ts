import fc from 'fast-check';

/** What a piece of work does: random trees of these run under the fake clock, and are foretold by a model. */
export type Work =
  /** Waits; `obeys`: until the scope that it is in tells it to stop. */
  | { readonly kind: 'sleep'; readonly ms: number; readonly obeys: boolean }
  /** Throws an error of its own. */
  | { readonly kind: 'fail' }
  | { readonly kind: 'sequence'; readonly steps: readonly Work[] }
  /** Goes on with `handler` if `body` throws. */
  | { readonly kind: 'attempt'; readonly body: Work; readonly handler: Work }
  /** Runs both at once, waits for both, then throws what the first of them has thrown, or the second. */
  | { readonly kind: 'both'; readonly first: Work; readonly second: Work }
  /** Starts something and does not wait for it. */
  | { readonly kind: 'spawn'; readonly body: Work }
  /** The next three change the limit of the scope that they are directly in. */
  | { readonly kind: 'reschedule'; readonly ms: number }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'start'; ms: number; id: number }
  /** The next two are not foretold by the model. */
  | { readonly kind: 'shield'; readonly body: Work }
  | { readonly kind: 'forever' }
  | ScopePlan;

export interface ScopePlan {
  readonly kind: 'scope';
  id: number;
  readonly flavour: 'function' | 'coroutine';
  readonly timeout: number;
  readonly grace: number;
  readonly hasDefault: boolean;
  /** When its signal aborts. */
  abortAt: number;
  readonly body: Work;
}

// Whole milliseconds, so that many things happen at the same instant.
const duration = fc.integer({ min: 1, max: 12 });
const often = <T>(usual: T, other: fc.Arbitrary<T>, weight = 4): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

/** What only some of the plans have. */
const NONE: readonly fc.WeightedArbitrary<Work>[] = [];
const SHIELDS = (work: fc.Arbitrary<Work>): typeof NONE => [
  { weight: 3, arbitrary: work.map((body) => ({ kind: 'shield' as const, body })) },
  { weight: 1, arbitrary: fc.constant<Work>({ kind: 'forever' }) },
];

const plansWith = (others: (work: fc.Arbitrary<Work>) => typeof NONE): fc.Arbitrary<ScopePlan> =>
  fc.letrec<{ work: Work; scope: ScopePlan }>((tie) => ({
    work: fc.oneof(
      { maxDepth: 7, depthSize: 'large' },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('sleep' as const),
          ms: duration,
          obeys: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.constant<Work>({ kind: 'fail' }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('reschedule' as const), ms: duration }),
      },
      { weight: 1, arbitrary: fc.constant<Work>({ kind: 'cancel' }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('start' as const),
          ms: duration,
          id: fc.constant(0),
        }),
      },
      { weight: 5, arbitrary: tie('scope') },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('sequence' as const),
          steps: fc.array(tie('work'), { minLength: 1, maxLength: 4 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('attempt' as const),
          body: tie('work'),
          handler: tie('work'),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('both' as const),
          first: tie('work'),
          second: tie('work'),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('spawn' as const), body: tie('work') }),
      },
      ...others(tie('work')),
    ),
    scope: fc.record({
      kind: fc.constant('scope' as const),
      id: fc.constant(0),
      flavour: fc.constantFrom('function' as const, 'coroutine' as const),
      timeout: fc.oneof(
        { weight: 5, arbitrary: duration },
        { weight: 1, arbitrary: fc.constant(Infinity) },
      ),
      grace: often(0, fc.integer({ min: 1, max: 8 })),
      hasDefault: often(false, fc.constant(true)),
      abortAt: often(Infinity, fc.integer({ min: 0, max: 20 }), 8),
      body: tie('work'),
    }),
  })).scope;

/**
 * Gives each scope, and each timeout that is started, a number of its own. Aborts and timeouts that are raised, which have
 * no place in the order of deadlines, come at instants of their own.
 */
function numbered(plan: ScopePlan): ScopePlan {
  const copy = structuredClone(plan);
  let count = 0;
  forEachWork(copy, (work) => {
    if (work.kind !== 'scope' && work.kind !== 'start') return;
    work.id = ++count;
    const offset = 0.25 + count / 1_024;
    if (work.kind === 'scope') work.abortAt += offset;
    else work.ms += offset / 4;
  });
  return copy;
}

/** Random trees that can be foretold. */
export const scopePlans: fc.Arbitrary<ScopePlan> = plansWith(() => NONE).map(numbered);

/** Random trees with shields, and with work that never ends unless it is stopped; none of that inside a shield. */
export const shieldedPlans: fc.Arbitrary<ScopePlan> = plansWith(SHIELDS)
  .filter((plan) => !holdsOffForever(plan))
  .map(numbered);

function holdsOffForever(plan: ScopePlan): boolean {
  let isFound = false;
  forEachWork(plan, (outer) => {
    if (outer.kind !== 'shield') return;
    forEachWork(outer, (inner) => {
      isFound ||= inner.kind === 'forever';
    });
  });
  return isFound;
}

/** Calls back for a piece of work and all inside it. */
export function forEachWork(work: Work, visit: (work: Work) => void): void {
  visit(work);
  switch (work.kind) {
    case 'sequence':
      for (const step of work.steps) forEachWork(step, visit);
      break;
    case 'attempt':
      forEachWork(work.body, visit);
      forEachWork(work.handler, visit);
      break;
    case 'both':
      forEachWork(work.first, visit);
      forEachWork(work.second, visit);
      break;
    case 'spawn':
    case 'shield':
    case 'scope':
      forEachWork(work.body, visit);
      break;
    default:
  }
}

import test from 'ava';
import fc from 'fast-check';
import { AmbiguityError, foretell } from './scope-model.js';
import { scopePlans, shieldedPlans, type ScopePlan } from './scope-plan.js';
import { carryOut, type Fate, type Fates } from './scope-world.js';

const RUNS = Number(process.env['HARDSTOP_PROPERTY_RUNS'] ?? 300);

test.serial('each scope of a random tree comes to what a simple model foretells', async (t) => {
  t.timeout(30_000 + RUNS * 1_000);
  await fc.assert(
    fc.asyncProperty(scopePlans, async (plan) => {
      const foretold = foretellUnlessAmbiguous(plan);
      fc.pre(foretold !== undefined);
      const { fates, pendingCount, unhandled } = await carryOut(plan);
      assertEqual(withoutDeadlines(fates), Object.fromEntries(foretold as Fates));
      assertEqual(unhandled, []);
      assertEqual(pendingCount, 0);
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
  t.pass();
});

test.serial(
  'scopes with shields in them end once, not early, and leave nothing behind',
  async (t) => {
    t.timeout(30_000 + RUNS * 1_000);
    await fc.assert(
      fc.asyncProperty(shieldedPlans, async (plan) => {
        const { fates, pendingCount, unhandled } = await carryOut(plan);
        for (const fate of fates.values()) assertSound(fate);
        assertEqual(unhandled, []);
        assertEqual(pendingCount, 0);
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    );
    t.pass();
  },
);

/** What holds of each scope, whatever is around it. */
function assertSound(fate: Fate): void {
  const { state, endedAt, deadline = Infinity, result, reports } = fate;
  const fail = (what: string): never => {
    throw new Error(`${what}: ${JSON.stringify(fate)}`);
  };
  if (reports !== (state === 'timed_out' ? 1 : 0)) fail('reports');
  if (state === 'timed_out' && endedAt < deadline) fail('early');
  if (state === 'executed' && result !== undefined && result !== 'value') fail('no value');
  if (state === 'executing' && deadline !== Infinity) fail('still running');
  if (state === 'failed' && result !== 'failure' && !result?.startsWith('abort'))
    fail('not failed');
}

function withoutDeadlines(fates: Fates): object {
  return Object.fromEntries([...fates].map(([id, { deadline: _deadline, ...fate }]) => [id, fate]));
}

function foretellUnlessAmbiguous(plan: ScopePlan): Fates | undefined {
  try {
    return foretell(plan);
  } catch (error) {
    if (error instanceof AmbiguityError) return undefined;
    throw error;
  }
}

function assertEqual(actual: unknown, expected: unknown): void {
  const texts = [actual, expected].map((value) => JSON.stringify(value, undefined, 1));
  if (texts[0] !== texts[1])
    throw new Error(`got ${String(texts[0])}\nexpected ${String(texts[1])}`);
}

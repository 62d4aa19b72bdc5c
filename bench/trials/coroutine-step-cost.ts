import { stringSetting, type TrialResult, type TrialSettings } from '#internal/cli/bench/trial.js';
import { run } from 'hardstop';
import { timeBatches } from '../time-async-calls.js';

const LIMIT_MS = 600_000;
const STEPS = 1_000;

const settled = Promise.resolve(1);

const promises: Readonly<Record<string, () => Promise<unknown>>> = {
  settled: () => settled,
  immediate: () => new Promise((resolve) => setImmediate(resolve)),
};

/** What a step of a coroutine costs, and an `await` of the same promise. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const next = promises[stringSetting(settings, 'promise')];
  if (next === undefined) throw new RangeError('No such promise');
  const awaits = async (): Promise<void> => {
    for (let i = 0; i < STEPS; i++) await next();
  };
  const yields = function* (): Generator<Promise<unknown>, void, unknown> {
    for (let i = 0; i < STEPS; i++) yield next();
  };
  // Elsewhere the engine may not do without what a scope costs every await.
  const batches: Readonly<Record<string, () => Promise<void>>> = {
    yield: () => run(yields, LIMIT_MS),
    await: () => run(awaits, LIMIT_MS),
    'await outside': awaits,
  };
  const batch = batches[stringSetting(settings, 'contender')];
  if (batch === undefined) throw new RangeError('No such contender');
  return { samples: await timeBatches(batch, STEPS) };
}

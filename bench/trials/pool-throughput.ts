import {
  numberSetting,
  stringSetting,
  type TrialResult,
  type TrialSettings,
} from '#internal/cli/bench/trial.js';
import { makePoolContender } from '../pool-contender.js';

const ROUNDS = 5;

/** What a tiny task costs in a warm pool that has always enough to do: each round's mean one sample. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const size = numberSetting(settings, 'size');
  const pool = makePoolContender(stringSetting(settings, 'contender'), size);
  const tasks = numberSetting(settings, 'tasks');
  const samples: number[] = [];
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    await Promise.all(Array.from({ length: tasks }, (_, value) => pool.echo(value)));
    if (round > 0) samples.push(((performance.now() - start) * 1_000) / tasks);
  }
  await pool.destroy();
  return { samples };
}

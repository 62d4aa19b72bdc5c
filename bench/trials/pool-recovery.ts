import {
  numberSetting,
  stringSetting,
  type TrialResult,
  type TrialSettings,
} from '#internal/cli/bench/trial.js';
import { makePoolContender } from '../pool-contender.js';

/** From the rejection of a task that was stopped to the result of the next one, in a pool of one. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const pool = makePoolContender(stringSetting(settings, 'contender'), 1);
  const timeout = numberSetting(settings, 'timeout');
  const samples: number[] = [];
  await pool.echo(0);
  for (let left = numberSetting(settings, 'stops'); left > 0; left--) {
    await pool.spin(timeout).then(
      () => {
        throw new Error('The loop came to an end');
      },
      () => undefined,
    );
    const start = performance.now();
    await pool.echo(left);
    samples.push((performance.now() - start) * 1_000);
  }
  await pool.destroy();
  return { samples };
}

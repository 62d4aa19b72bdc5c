import {
  numberSetting,
  stringSetting,
  type TrialResult,
  type TrialSettings,
} from '#internal/cli/bench/trial.js';
import { createPool, isTimeoutError, task } from 'hardstop';
import type { spin as Spin } from './tasks/pool-tasks.js';

const spin = task<typeof Spin>(new URL('./tasks/pool-tasks.js', import.meta.url), 'spin');

/** How late an endless loop's limit strikes: until its pool's caller has the error. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const kind = stringSetting(settings, 'kind') as 'worker' | 'process';
  const timeout = numberSetting(settings, 'timeout');
  const pool = createPool({ kind, size: 1 });
  const samples: number[] = [];
  await pool.run(() => undefined, {});
  for (let left = numberSetting(settings, 'stops'); left > 0; left--) {
    try {
      await pool.run(spin, { timeout, grace: 0 });
    } catch (error) {
      if (!isTimeoutError(error)) throw error;
      samples.push((error.elapsed - timeout) * 1_000);
    }
  }
  await pool.terminate();
  return { samples };
}

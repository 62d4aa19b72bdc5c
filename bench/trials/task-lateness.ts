import {
  numberSetting,
  stringSetting,
  type TrialResult,
  type TrialSettings,
} from '#internal/cli/bench/trial.js';
import { createPool, isTimeoutError, task } from 'hardstop';
import type { spin as Spin } from './tasks/pool-tasks.js';

const spin = task<typeof Spin>(new URL('./tasks/pool-tasks.js', import.meta.url), 'spin');

/** How late an endless loop's limit strikes: until the task has ended, or, where `until` is `'told'`, its caller has the error. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const kind = stringSetting(settings, 'kind') as 'worker' | 'process';
  const timeout = numberSetting(settings, 'timeout');
  const isUntilTold = settings['until'] === 'told';
  const pool = createPool({ kind, size: 1 });
  const samples: number[] = [];
  await pool.run(() => undefined, {});
  for (let left = numberSetting(settings, 'stops'); left > 0; left--) {
    const start = performance.now();
    try {
      await pool.run(spin, { timeout, grace: 0 });
    } catch (error) {
      if (!isTimeoutError(error)) throw error;
      const elapsed = isUntilTold ? performance.now() - start : error.elapsed;
      samples.push((elapsed - timeout) * 1_000);
    }
  }
  await pool.terminate();
  return { samples };
}

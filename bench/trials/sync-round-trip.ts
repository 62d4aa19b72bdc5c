import type { TrialResult } from '#internal/cli/bench/trial.js';
import { runInWorkerSync, task } from 'hardstop';
import type { echo as Echo } from './tasks/pool-tasks.js';

const echo = task<typeof Echo>(new URL('./tasks/pool-tasks.js', import.meta.url), 'echo');
const CALLS = 2_000;
const WARM_UP_CALLS = 200;

/** What a tiny task costs a caller that blocks for it, on a warm worker. */
export function measure(): TrialResult {
  const samples: number[] = [];
  for (let call = -WARM_UP_CALLS; call < CALLS; call++) {
    const start = performance.now();
    runInWorkerSync(echo, { args: [call], timeout: 60_000 });
    if (call >= 0) samples.push((performance.now() - start) * 1_000);
  }
  return { samples };
}

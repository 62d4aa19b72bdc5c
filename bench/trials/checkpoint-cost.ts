import { timeCalls } from '#internal/cli/bench/time-calls.js';
import type { TrialResult } from '#internal/cli/bench/trial.js';
import { runSync } from 'hardstop';

/** What `checkpoint()` costs in work whose deadline is far away. */
export function measure(): TrialResult {
  const samples = runSync(
    (scope) =>
      timeCalls(() => {
        scope.checkpoint();
      }),
    60_000,
  );
  return { samples };
}

import { timeCalls } from '#internal/cli/bench/time-calls.js';
import type { TrialResult } from '#internal/cli/bench/trial.js';
import { nativeRefusal, nativeStrategy } from '#internal/strategy/native-strategy.js';
import { UnavailableError } from '#internal/cli/bench/unavailable-error.js';

/** What the native frame alone costs: no scope object, no options, no reading of the clock on this side. */
export function measure(): TrialResult {
  if (nativeRefusal !== undefined) throw new UnavailableError(nativeRefusal.message);
  const deadline = performance.now() + 3_600_000;
  const work = (): undefined => undefined;
  return {
    samples: timeCalls(() =>
      nativeStrategy.run(work, undefined, deadline, deadline, Infinity, Infinity),
    ),
  };
}

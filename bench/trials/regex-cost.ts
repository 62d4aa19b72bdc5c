import { timeCalls } from '#internal/cli/bench/time-calls.js';
import { stringSetting, type TrialResult, type TrialSettings } from '#internal/cli/bench/trial.js';
import { test } from 'hardstop/regex';

const date = /^(\d{4})-(\d{2})-(\d{2})$/;
const input = '2026-11-21';

/** What `test` costs, bare or under a limit, on an input that is answered at once. */
export function measure(settings: TrialSettings): TrialResult {
  const bare = stringSetting(settings, 'kind') === 'built-in';
  return { samples: timeCalls(bare ? () => date.test(input) : () => test(date, input, 50)) };
}

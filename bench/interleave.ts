import { summarize, type Distribution } from '#internal/cli/bench/distribution.js';
import { hasSamples, runTrial, type TrialPlace } from '#internal/cli/bench/run-trial.js';
import type { TrialSettings } from '#internal/cli/bench/trial.js';

const trials = new URL('./trials/', import.meta.url);

/** Where and how often trials run. */
export interface Course extends TrialPlace {
  readonly node: string;
  readonly rounds: number;
}

/** Runs the trials in turn, round after round, so that a slow spell of the machine hits all of them. */
export async function interleave(
  module: string,
  settings: readonly TrialSettings[],
  course: Course,
): Promise<readonly [Distribution, Distribution, Distribution, Distribution]> {
  const samples = settings.map((): number[] => []);
  for (let round = 0; round < course.rounds; round++) {
    for (const [index, setting] of settings.entries()) {
      samples[index]?.push(...(await samplesOf(module, setting, course)));
    }
  }
  return samples.map(summarize) as never;
}

/** The samples of one trial; throws where it cannot take place. */
export async function samplesOf(
  module: string,
  settings: TrialSettings,
  place: TrialPlace,
): Promise<readonly number[]> {
  const outcome = await runTrial(new URL(module, trials), settings, place);
  if (!hasSamples(outcome)) throw new Error(outcome.unavailable);
  return outcome.samples;
}

import type { Contender } from './contender.js';
import { summarize } from './distribution.js';
import type { Measured, ReportRow } from './report.js';
import { hasSamples, runTrial } from './run-trial.js';

const latenessTrial = new URL('./trials/lateness.js', import.meta.url);
const costTrial = new URL('./trials/cost.js', import.meta.url);

/** Runs both trials of a contender, one after the other, each in a process of its own. */
export async function measureContender(
  { name, description, foreign, environment = {} }: Contender,
  settings: { readonly iterations: number; readonly timeout: number },
): Promise<ReportRow> {
  const row = { contender: name, description, foreign };
  const cost = await runTrial(costTrial, { contender: name, ...settings }, { environment });
  if (!hasSamples(cost)) return { ...row, unavailable: cost.unavailable };
  const lateness = await runTrial(latenessTrial, { contender: name, ...settings }, { environment });
  if (!hasSamples(lateness)) return { ...row, unavailable: lateness.unavailable };
  return {
    ...row,
    version: cost.version,
    stoppedUs: lateness.stopped && toMeasured(lateness.stopped),
    caughtUs: toMeasured(lateness.samples),
    costUs: toMeasured(cost.samples),
  };
}

/** Nanoseconds are as fine as the clock is; more digits only make the file long. */
function toMeasured(samples: readonly number[]): Measured {
  const rounded = samples.map((sample) => Math.round(sample * 1_000) / 1_000);
  return { ...summarize(rounded), samples: rounded };
}

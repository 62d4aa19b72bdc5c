import { findContender } from '../contenders.js';
import { isTimeout } from '../is-timeout.js';
import { numberSetting, stringSetting, type TrialResult, type TrialSettings } from '../trial.js';

/** The first stops start the thread and compile what runs from then on. */
const WARM_UP_LOOPS = 3;

/**
 * How long after its limit an endless loop gives the thread back to the code that called it, its error made and caught:
 * the same for every contender.
 */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const iterations = numberSetting(settings, 'iterations');
  const timeout = numberSetting(settings, 'timeout');
  const { version, stopLoop } = await findContender(stringSetting(settings, 'contender')).prepare(
    timeout,
  );
  const samples: number[] = [];
  for (let i = 0; i < WARM_UP_LOOPS + iterations; i++) {
    const lateness = (timeStop(stopLoop) - timeout) * 1_000;
    if (i >= WARM_UP_LOOPS) samples.push(lateness);
  }
  return { version, samples };
}

/** ms from the call to the moment at which its timeout error is caught. */
function timeStop(stopLoop: () => void): number {
  const start = performance.now();
  try {
    stopLoop();
  } catch (error) {
    const elapsed = performance.now() - start;
    if (isTimeout(error)) return elapsed;
    throw error;
  }
  throw new Error('The loop ended by itself');
}

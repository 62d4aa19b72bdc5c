import { findContender } from '../contenders.js';
import { timeCalls } from '../time-calls.js';
import { numberSetting, stringSetting, type TrialResult, type TrialSettings } from '../trial.js';

/** What a call costs whose work ends at once, over and above nothing: an empty function under a limit of 50 ms. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const timeout = numberSetting(settings, 'timeout');
  const { version, runInTime } = await findContender(stringSetting(settings, 'contender')).prepare(
    timeout,
  );
  return { version, samples: timeCalls(runInTime) };
}

import { findContender } from '../contenders.js';
import { timeAsyncCalls, timeCalls } from '../time-calls.js';
import { numberSetting, stringSetting, type TrialResult, type TrialSettings } from '../trial.js';

/** What a call costs whose work ends at once, over and above nothing: an empty function under a limit of 50 ms. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const timeout = numberSetting(settings, 'timeout');
  const contender = findContender(stringSetting(settings, 'contender'));
  const { version, runInTime, isAsync, end } = await contender.prepare(timeout);
  const samples = isAsync === true ? await timeAsyncCalls(runInTime) : timeCalls(runInTime);
  await end?.();
  return { version, samples };
}

import { isTimeoutError } from '../../../index.js';
import { findContender } from '../contenders.js';
import { isTimeout } from '../is-timeout.js';
import { numberSetting, stringSetting, type TrialResult, type TrialSettings } from '../trial.js';

/** The first stops start the thread and compile what runs from then on. */
const WARM_UP_LOOPS = 3;

/** The end of one endless loop, both in ms after its limit. */
interface LoopEnd {
  /** The work was stopped. Only our errors tell it. */
  readonly stopped: number | undefined;
  /** The caller has caught the error. */
  readonly caught: number;
}

/**
 * How long after its limit an endless loop is stopped, and how long after it the code that called it has the thread
 * back, the error made and caught. The latter is measured from outside, the same for every contender.
 */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const iterations = numberSetting(settings, 'iterations');
  const timeout = numberSetting(settings, 'timeout');
  const { version, stopLoop } = await findContender(stringSetting(settings, 'contender')).prepare(
    timeout,
  );
  const caught: number[] = [];
  const stopped: number[] = [];
  for (let i = 0; i < WARM_UP_LOOPS + iterations; i++) {
    const end = timeStop(stopLoop, timeout);
    if (i < WARM_UP_LOOPS) continue;
    caught.push(end.caught * 1_000);
    if (end.stopped !== undefined) stopped.push(end.stopped * 1_000);
  }
  return { version, samples: caught, stopped: stopped.length > 0 ? stopped : undefined };
}

function timeStop(stopLoop: () => void, timeout: number): LoopEnd {
  const start = performance.now();
  try {
    stopLoop();
  } catch (error) {
    const caught = performance.now() - start - timeout;
    if (!isTimeout(error)) throw error;
    return { stopped: isTimeoutError(error) ? error.elapsed - timeout : undefined, caught };
  }
  throw new Error('The loop ended by itself');
}

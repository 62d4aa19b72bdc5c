import { isTimeoutError } from 'hardstop';
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
  const contender = findContender(stringSetting(settings, 'contender'));
  const { version, stopLoop, runInTime, isAsync, end } = await contender.prepare(timeout);
  const caught: number[] = [];
  const stopped: number[] = [];
  for (let i = 0; i < WARM_UP_LOOPS + iterations; i++) {
    const loopEnd =
      isAsync === true
        ? await timeAsyncStop(stopLoop, timeout, runInTime)
        : timeStop(stopLoop, timeout);
    if (i < WARM_UP_LOOPS) continue;
    caught.push(loopEnd.caught * 1_000);
    if (loopEnd.stopped !== undefined) stopped.push(loopEnd.stopped * 1_000);
  }
  await end?.();
  return { version, samples: caught, stopped: stopped.length > 0 ? stopped : undefined };
}

function timeStop(stopLoop: () => unknown, timeout: number): LoopEnd {
  const start = performance.now();
  try {
    stopLoop();
  } catch (error) {
    return endOf(error, performance.now() - start, timeout);
  }
  throw new Error('The loop ended by itself');
}

/** A call before it makes sure that what the last one has cost, a thread or a process, is there again. */
async function timeAsyncStop(
  stopLoop: () => unknown,
  timeout: number,
  runInTime: () => unknown,
): Promise<LoopEnd> {
  await runInTime();
  const start = performance.now();
  try {
    await stopLoop();
  } catch (error) {
    return endOf(error, performance.now() - start, timeout);
  }
  throw new Error('The loop ended by itself');
}

function endOf(error: unknown, elapsed: number, timeout: number): LoopEnd {
  if (!isTimeout(error)) throw error;
  return {
    stopped: isTimeoutError(error) ? error.elapsed - timeout : undefined,
    caught: elapsed - timeout,
  };
}

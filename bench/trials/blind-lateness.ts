import { numberSetting, type TrialResult, type TrialSettings } from '#internal/cli/bench/trial.js';
import { isTimeoutError, runSync } from 'hardstop';

const WARM_CALLS = 10;
const WARM_TURNS = 100;

/**
 * How late a function is stopped that is warm and then gets stuck in a leaf loop: the case in which the engine itself
 * looks for interrupts only every few seconds, on Node 24 and later.
 */
export function measure(settings: TrialSettings): TrialResult {
  const iterations = numberSetting(settings, 'iterations');
  const timeout = numberSetting(settings, 'timeout');
  const samples: number[] = [];
  for (let i = 0; i < iterations; i++) {
    const sumClock = newLeafLoop(i);
    for (let call = 0; call < WARM_CALLS; call++) sumClock(WARM_TURNS);
    samples.push((timeStop(() => sumClock(Infinity), timeout) - timeout) * 1_000);
  }
  return { samples };
}

/** A function of its own each time: one that was stuck before is optimised code, which is not blind. */
function newLeafLoop(serial: number): (turns: number) => number {
  const body = `let s = ${String(serial)}; for (let i = 0; i < n; i++) s += Date.now(); return s;`;
  return new Function('n', body) as (turns: number) => number;
}

function timeStop(work: () => unknown, timeout: number): number {
  const start = performance.now();
  try {
    runSync(work, timeout);
  } catch (error) {
    const elapsed = performance.now() - start;
    if (isTimeoutError(error)) return elapsed;
    throw error;
  }
  throw new Error('The loop ended by itself');
}

import {
  numberSetting,
  stringSetting,
  type TrialResult,
  type TrialSettings,
} from '#internal/cli/bench/trial.js';
import { run } from 'hardstop';

const ITERATIONS = 60;

const forever = (): Promise<never> => new Promise(() => undefined);

const contenders: Readonly<Record<string, (ms: number) => Promise<unknown>>> = {
  run: (ms) => run(forever, { timeout: ms, error: false }),
  setTimeout: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** How long after its deadline somebody is told who awaits it, on an event loop that has nothing else to do. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const wait = contenders[stringSetting(settings, 'contender')];
  if (wait === undefined) throw new RangeError('No such contender');
  const timeout = numberSetting(settings, 'timeout');
  await wait(timeout);
  const samples: number[] = [];
  for (let i = 0; i < ITERATIONS; i++) {
    // Timers know whole milliseconds: not always from the same part of one.
    spin(Math.random());
    await new Promise((resolve) => setImmediate(resolve));
    const start = performance.now();
    await wait(timeout);
    samples.push((performance.now() - start - timeout) * 1_000);
  }
  return { samples };
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

import { stringSetting, type TrialResult, type TrialSettings } from '#internal/cli/bench/trial.js';
import { run } from 'hardstop';
import pTimeout from 'p-timeout';
import { timeAsyncCalls } from '../time-async-calls.js';

const LIMIT_MS = 10_000;

type Work = () => Promise<unknown>;

const works: Readonly<Record<string, Work>> = {
  settled: async () => 1,
  immediate: () => new Promise((resolve) => setImmediate(resolve)),
};

const contenders: Readonly<Record<string, (work: Work) => Promise<unknown>>> = {
  bare: (work) => work(),
  run: (work) => run(work, LIMIT_MS),
  'p-timeout': (work) => pTimeout(work(), { milliseconds: LIMIT_MS }),
  race: (work) => Promise.race([work(), abortOf(AbortSignal.timeout(LIMIT_MS))]),
};

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** What a limit costs that work keeps, the work included. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const limit = contenders[stringSetting(settings, 'contender')];
  const work = works[stringSetting(settings, 'work')];
  if (limit === undefined || work === undefined) throw new RangeError('No such contender or work');
  return { samples: await timeAsyncCalls(() => limit(work)) };
}

import { isTimeoutError, runSync } from 'hardstop';

/** What one live check has shown on this machine. */
export interface SelfCheck {
  readonly name: 'loop' | 'warm loop';
  readonly timeoutMs: number;
  /** Whether the loop was stopped, and not so late that a user would notice. */
  readonly passed: boolean;
  /** From the limit until the caller had its error, ms; absent when nothing could be started. */
  readonly latenessMs?: number;
  readonly strategy?: string;
  readonly stage?: string;
  /** The innermost line of the stack that the timeout reports, where the strategy knows it. */
  readonly stuck?: string;
  /** Why nothing could be started. */
  readonly failure?: string;
}

/** A stop that is late by more is not prompt; a blind engine takes 300 ms and more, a busy machine some 10 ms. */
const TOLERANCE_MS = 250;
/** The loops end by themselves, so that a check cannot hang where nothing stops them. */
const SELF_END_MS = 5_000;
const WARM_CALLS = 10;
const WARM_MS = 1;

/** Stops two loops for real, the harder kind last. */
export function runSelfChecks(): readonly SelfCheck[] {
  return [
    check('loop', 20, () => spin(SELF_END_MS)),
    check(
      'warm loop',
      10,
      () => sumClock(SELF_END_MS),
      () => {
        for (let i = 0; i < WARM_CALLS; i++) sumClock(WARM_MS);
      },
    ),
  ];
}

function check(
  name: SelfCheck['name'],
  timeoutMs: number,
  work: () => unknown,
  warmUp?: () => void,
): SelfCheck {
  warmUp?.();
  const start = performance.now();
  try {
    runSync(work, timeoutMs);
  } catch (error) {
    const latenessMs = performance.now() - start - timeoutMs;
    if (!isTimeoutError(error)) return { name, timeoutMs, passed: false, failure: String(error) };
    const { strategy, stage, cause } = error;
    return {
      name,
      timeoutMs,
      passed: stage !== 'late' && latenessMs <= TOLERANCE_MS,
      latenessMs,
      strategy,
      stage,
      ...(cause instanceof Error && { stuck: innermostFrame(cause) }),
    };
  }
  return { name, timeoutMs, passed: false, failure: 'the loop ended by itself' };
}

/** Runs for the first time: the engine interprets it, or replaces it while it runs. */
function spin(durationMs: number): number {
  const end = Date.now() + durationMs;
  let turns = 0;
  while (Date.now() < end) turns++;
  return turns;
}

/** Warm, and calls nothing that is not inlined: the engine may look for no interrupt in it. */
function sumClock(durationMs: number): number {
  const end = Date.now() + durationMs;
  let sum = 0;
  for (let time = Date.now(); time < end; time = Date.now()) sum += time;
  return sum;
}

function innermostFrame(error: Error): string {
  return error.stack?.split('\n')[1]?.trim() ?? '';
}

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TrialRefusal, TrialResult, TrialSettings } from './trial.js';

const execFileAsync = promisify(execFile);
const trialProcess = fileURLToPath(new URL('./trial-process.js', import.meta.url));

/** Where a trial runs. */
export interface TrialPlace {
  /** The Node that runs it; this one by default. */
  readonly node?: string;
  /** Flags of that Node; those of this process by default. */
  readonly nodeFlags?: readonly string[];
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** A trial that takes longer hangs: the worst of them stops a few hundred loops that are seconds late. */
const MAX_DURATION_MS = 30 * 60_000;

/** Runs one trial in a fresh process, so that no contender warms up or disturbs another. */
export async function runTrial(
  module: URL,
  settings: TrialSettings,
  { node = process.execPath, nodeFlags = process.execArgv, environment }: TrialPlace = {},
): Promise<TrialResult | TrialRefusal> {
  const args = [...nodeFlags, trialProcess, module.href, JSON.stringify(settings)];
  const { stdout } = await execFileAsync(node, args, {
    env: { ...process.env, ...environment },
    maxBuffer: MAX_OUTPUT_BYTES,
    timeout: MAX_DURATION_MS,
    killSignal: 'SIGKILL',
  });
  return JSON.parse(stdout) as TrialResult | TrialRefusal;
}

/** Whether a trial took place. */
export function hasSamples(outcome: TrialResult | TrialRefusal): outcome is TrialResult {
  return 'samples' in outcome;
}

import { readdirSync, readFileSync } from 'node:fs';
import { numberSetting, type TrialResult, type TrialSettings } from '#internal/cli/bench/trial.js';
import { isTimeoutError, runCommand } from 'hardstop';

const LEVELS = 5;
/** Processes on each level: 50 in all. */
const WIDTH = 10;
/** Stands in the environment of all of them. */
const MARK = `tree-end-${String(process.pid)}`;

/** A shell that starts the level below it, and leaves; each level has ten of them that sleep. */
const script = `
level=$1
[ "$level" -gt 1 ] && sh -c "$0" "$0" $((level - 1)) &
for i in 1 2 3 4 5 6 7 8 9; do sleep 600 & done
wait
`;

/** From a command's deadline until no process of its tree is left. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const timeout = numberSetting(settings, 'timeout');
  const samples: number[] = [];
  for (let left = numberSetting(settings, 'stops'); left > 0; left--) {
    const start = performance.now();
    try {
      await runCommand('sh', ['-c', script, script, String(LEVELS)], {
        timeout,
        grace: 0,
        env: { ...process.env, BENCH_TREE: MARK },
      });
    } catch (error) {
      if (!isTimeoutError(error)) throw error;
    }
    // Whoever asks for the result has it; what the kernel still shows is counted as well.
    while (descendantsAlive() > 0);
    samples.push((performance.now() - start - timeout) * 1_000);
  }
  return { samples };
}

function descendantsAlive(): number {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/environ`, 'latin1').includes(`BENCH_TREE=${MARK}`);
    } catch {
      return false;
    }
  }).length;
}

/** How many processes a tree is meant to have, for whoever checks the trial itself. */
export const TREE_SIZE: number = LEVELS * WIDTH;

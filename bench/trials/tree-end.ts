import { readdirSync, readFileSync } from 'node:fs';
import { numberSetting, type TrialResult, type TrialSettings } from '#internal/cli/bench/trial.js';
import { isTimeoutError, runCommand } from 'hardstop';

const LEVELS = 5;
/** Processes on each level: 50 in all. */
const WIDTH = 10;
const MOST_TRIES = 5;
/** Stands in the environment of all of them. */
const MARK = `tree-end-${String(process.pid)}`;

/** A shell that starts the level below it, and leaves; each level has ten of them that sleep. */
const script = `
level=$1
[ "$level" -gt 1 ] && sh -c "$0" "$0" $((level - 1)) &
for i in 1 2 3 4 5 6 7 8 9; do sleep 600 & done
wait
`;

/** From a command's deadline until no process of its tree is left, and whoever runs it has been told. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const timeout = numberSetting(settings, 'timeout');
  const samples: number[] = [];
  const stops = numberSetting(settings, 'stops');
  for (let left = stops * MOST_TRIES; left > 0 && samples.length < stops; left--) {
    const start = performance.now();
    let tree: readonly string[] = [];
    // To look for them takes as long as all else.
    setTimeout(() => (tree = descendants()), timeout / 2);
    try {
      await runCommand('sh', ['-c', script, script, String(LEVELS)], {
        timeout,
        grace: 0,
        env: { ...process.env, BENCH_TREE: MARK },
      });
    } catch (error) {
      if (!isTimeoutError(error)) throw error;
    }
    while (tree.some(isAlive));
    // On a busy machine it may not have been all there.
    if (tree.length >= TREE_SIZE) samples.push((performance.now() - start - timeout) * 1_000);
    if (descendants().length > 0) throw new Error('The tree was not ended');
  }
  if (samples.length < stops) throw new Error('The machine is too busy to start such a tree');
  return { samples };
}

function descendants(): readonly string[] {
  return readdirSync('/proc').filter(
    (entry) => /^\d+$/.test(entry) && read(entry, 'environ').includes(`BENCH_TREE=${MARK}`),
  );
}

function isAlive(entry: string): boolean {
  const stat = read(entry, 'stat');
  return stat !== '' && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

function read(entry: string, file: string): string {
  try {
    return readFileSync(`/proc/${entry}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/** How many processes a tree is meant to have, for whoever checks the trial itself. */
export const TREE_SIZE: number = LEVELS * WIDTH;

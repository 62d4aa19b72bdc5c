import { spawn } from 'node:child_process';
import { stringSetting, type TrialResult, type TrialSettings } from '#internal/cli/bench/trial.js';
import { execa } from 'execa';
import { runCommand } from 'hardstop';

const LIMIT_MS = 60_000;
const CALLS = 200;
const WARM_UP_CALLS = 20;

const contenders: Readonly<Record<string, () => Promise<unknown>>> = {
  runCommand: () => runCommand('true', [], { timeout: LIMIT_MS }),
  execa: () => execa('true', [], { timeout: LIMIT_MS }),
  spawn: spawnTrue,
};

/** The least that a caller who wants output and status has to do. */
function spawnTrue(): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = spawn('true', []);
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', reject);
    child.on('close', resolve);
    child.stdin.end();
  });
}

/** What a command that ends at once costs, from the call to its result. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const run = contenders[stringSetting(settings, 'contender')];
  if (run === undefined) throw new RangeError('No such contender');
  const samples: number[] = [];
  for (let call = -WARM_UP_CALLS; call < CALLS; call++) {
    const start = performance.now();
    await run();
    if (call >= 0) samples.push((performance.now() - start) * 1_000);
  }
  return { samples };
}

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../harness/package-root.js';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const main = join(packageRoot, 'dist/bundle/cli/main.cjs');
const KILL_AFTER_MS = 50_000;

/** Runs the command line tool as a user would, in a process of its own. */
export function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  killAfterMs: number = KILL_AFTER_MS,
): Promise<CliResult> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: killAfterMs,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

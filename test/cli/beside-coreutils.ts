// Runs the same command line with `hardstop run` and with the machine's own `timeout`.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../harness/package-root.js';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  /** Resolves once the output has this text in it. */
  readonly hasPrinted: (text: string) => Promise<void>;
  readonly ended: Promise<Ended>;
}

/** The program and the arguments that come before the user's. */
export type Program = readonly [string, ...string[]];

export const hardstop: Program = [
  process.execPath,
  join(packageRoot, 'dist/bundle/cli/main.cjs'),
  'run',
];
export const timeout: Program = ['timeout'];

/** GNU's, of which version; `undefined`: there is another one here, or none. */
export const coreutils: string | undefined = /GNU coreutils\) (\d+\.\d+)/.exec(
  spawnSync('timeout', ['--version'], { encoding: 'utf8' }).stdout,
)?.[1];

const KILL_AFTER_MS = 50_000;

/** Starts it in a group of its own, where whatever it signals is only what it has started. */
export function start(
  [file, ...before]: Program,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Running {
  const child = spawn(file, [...before, ...args], {
    detached: true,
    // `_` tells of a `nohup` that these tests themselves may have been started by.
    env: { ...process.env, _: undefined, LC_ALL: 'C', HARDSTOP_TREE: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: KILL_AFTER_MS,
    killSignal: 'SIGKILL',
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} was not started`);
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  return {
    pid,
    hasPrinted: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(text)) resolve();
        };
        listeners.add(look);
        child.once('close', () => {
          reject(new Error(`ended without '${text}': ${stderr}`));
        });
        look();
      }),
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve({ code, signal, stdout, stderr });
      });
    }),
  };
}

/** What both have come to, ours with its own name taken for theirs. */
export async function runBoth(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<{ readonly ours: Ended; readonly theirs: Ended }> {
  const [ours, theirs] = await Promise.all(
    [hardstop, timeout].map((program) => start(program, args, env).ended),
  );
  if (ours === undefined || theirs === undefined) throw new Error('not run');
  return { ours: asTimeout(ours), theirs };
}

export function asTimeout(ended: Ended): Ended {
  const stderr = ended.stderr
    .replaceAll(/^hardstop: /gm, 'timeout: ')
    .replaceAll("'hardstop run --help'", "'timeout --help'");
  return { ...ended, stderr };
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { waitForCondition } from './wait-for.js';

/** A process tree of a test: a shell script and all that it starts. */
export interface TestTree {
  readonly root: ChildProcess;
  readonly pid: number;
  /** What is in the arguments of the tree's `sleep`s, and of nothing else on the machine. */
  readonly tag: string;
  /** Settles when the root was reaped. */
  readonly ended: Promise<unknown>;
}

let count = 0;

/**
 * Starts a shell script as the leader of a session of its own.
 *
 * @param script - `$1` in it is the tag, a number of seconds that is long enough for any test: `sleep $1`.
 * @param sleeps - how many `sleep $1` there are once all of the tree is there.
 */
export async function startTree(
  script: string,
  sleeps: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<TestTree> {
  const tag = `1000.${String(process.pid)}${String((count += 1)).padStart(4, '0')}`;
  const root = spawn('/bin/sh', ['-c', script, 'sh', tag], {
    detached: true,
    env,
    stdio: 'ignore',
  });
  const ended = once(root, 'exit');
  const tree = { root, pid: root.pid ?? 0, tag, ended };
  await waitForCondition('the tree is there', () => {
    // A shell that forks shows its own arguments twice.
    return processesWith(`sleep\0${tag}\0`).length >= sleeps;
  });
  return tree;
}

/** Whether the addon is not to be used; for tests that import the package's modules one by one. */
export function nativeIsSwitchedOff(): boolean {
  return process.env['HARDSTOP_DISABLE_NATIVE'] === '1';
}

/** The living processes that have these characters in their arguments. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isAlive(pid) && readProc(pid, 'cmdline').includes(text));
}

/** Whether there is such a process, one that has ended and was not reaped yet not included. */
export function isAlive(pid: number): boolean {
  return /^[^ZX]/.test(stateOf(pid));
}

/** One letter, as proc(5) has it; empty: there is no such process. */
export function stateOf(pid: number): string {
  const line = readProc(pid, 'stat');
  return line.charAt(line.lastIndexOf(')') + 2);
}

/** Kills what is left of a tree, for a test that has failed. */
export function killLeftOvers({ tag }: TestTree): void {
  for (const pid of processesWith(tag)) process.kill(pid, 'SIGKILL');
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

import { AsyncResource } from 'node:async_hooks';
import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { ORPHAN_GUARD_SCRIPT } from './orphan-guard-script.js';
import { markPrefix } from './tree-mark.js';

// A process that is killed cannot end what it has started. So each thread that starts process trees has a guard: a shell
// of 1 MB that reads from a pipe whose other end this process alone holds. When that end is closed - the thread or the
// process has ended, however - the guard kills the trees that are left, and goes.

let guard: ChildProcess | undefined;
/** Processes whose trees are guarded: told again to a guard that has to take the place of one that was lost. */
const guarded = new Set<number>();
/** Marks of trees that were let go; told again likewise. */
const free = new Set<string>();

// It must not keep the asynchronous context of whoever needs it first.
const nobody = new AsyncResource('hardstop');

/** Starts this thread's guard, if it does not run. `false`: there can be none here. */
export function startOrphanGuard(graceSeconds = 0): boolean {
  guard ??= nobody.runInAsyncScope(startGuard, undefined, graceSeconds);
  return guard !== undefined;
}

/**
 * Has the tree of a child of this process killed when this thread ends before it. What was started with a mark of this
 * thread is guarded from its start, if the guard runs; this is for what has dropped the mark.
 */
export function guardTree(pid: number): void {
  guarded.add(pid);
  if (guard === undefined) startOrphanGuard();
  else tell(guard, `guard ${String(pid)}`);
}

/** The tree is over. */
export function releaseTree(pid: number): void {
  if (guarded.delete(pid) && guard !== undefined) tell(guard, `release ${String(pid)}`);
}

/** What is left of the tree was let go, and may go on when this process has ended. */
export function freeTree(pid: number, mark: string): void {
  releaseTree(pid);
  free.add(mark);
  if (guard !== undefined) tell(guard, `free ${mark}`);
}

function startGuard(graceSeconds: number): ChildProcess | undefined {
  // Processes die with their console or job there; elsewhere the pipe's end is what tells.
  if (process.platform === 'win32') return undefined;
  const args = ['-c', ORPHAN_GUARD_SCRIPT, 'hardstop-guard', markPrefix, String(graceSeconds)];
  let child: ChildProcess;
  try {
    // A session of its own, so that neither the terminal nor a kill of this process's group reaches it, and nothing of
    // ours that would keep a terminal, a pipe or a file system busy.
    child = spawn('/bin/sh', args, {
      cwd: '/',
      detached: true,
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  } catch {
    // Not permitted to start processes; then there will be no trees either.
    return undefined;
  }
  const forget = (): void => {
    if (guard === child) guard = undefined;
  };
  child.once('exit', forget).once('error', forget);
  if (child.pid === undefined) return undefined;
  const input = child.stdin as Socket;
  input.on('error', forget);
  child.unref();
  input.unref();
  for (const pid of guarded) tell(child, `guard ${String(pid)}`);
  for (const mark of free) tell(child, `free ${mark}`);
  return child;
}

function tell(child: ChildProcess, line: string): void {
  // Written at once, as a pipe has room for thousands of lines.
  child.stdin?.write(`${line}\n`);
}

import { AsyncResource } from 'node:async_hooks';
import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { ORPHAN_GUARD_SCRIPT } from './orphan-guard-script.js';
import { markNumber, markPrefix } from './tree-mark.js';

// A process that is killed cannot end what it has started. So each thread that starts process trees has a guard: a shell
// of 1 MB that reads from a pipe whose other end this process alone holds. When that end is closed - the thread or the
// process has ended, however - the guard kills the trees that are left, and goes.

let guard: ChildProcess | undefined;
/** The trees that are guarded: their roots by the numbers of their marks. Told again to a guard that takes a lost one's place. */
const guarded = new Map<number, number>();
/** The number of the youngest mark that was told of. Younger ones are guarded, as nobody can have told of them yet. */
let lastTold = 0;

// It must not keep the asynchronous context of whoever needs it first.
const nobody = new AsyncResource('hardstop');

/** Starts this thread's guard, if it does not run. `false`: there can be none here. */
export function startOrphanGuard(graceSeconds = 0): boolean {
  guard ??= nobody.runInAsyncScope(startGuard, undefined, graceSeconds);
  return guard !== undefined;
}

/**
 * Has the tree of a child of this process killed when this thread ends before it is released. If the guard runs, what is
 * started with a new mark is guarded from its start, until this tells of that mark or a younger one.
 *
 * @param mark - the last that this thread has given, or an older one.
 * @param graceSeconds - as for `startOrphanGuard`, where the guard does not run yet.
 */
export function guardTree(pid: number, mark: string, graceSeconds = 0): void {
  const number = markNumber(mark);
  guarded.set(number, pid);
  lastTold = Math.max(lastTold, number);
  if (guard === undefined) startOrphanGuard(graceSeconds);
  else tell(guard, `+ ${String(pid)} ${String(number)}`);
}

/** The tree is over, or what is left of it was let go and may outlive this process. */
export function releaseTree(pid: number, mark: string): void {
  const number = markNumber(mark);
  if (guarded.delete(number) && guard !== undefined) {
    tell(guard, `- ${String(pid)} ${String(number)}`);
  }
}

function startGuard(graceSeconds: number): ChildProcess | undefined {
  // Processes die with their console or job there; elsewhere the pipe's end is what tells.
  if (process.platform === 'win32') return undefined;
  // By its arguments, not by the pipe: the guard may be killed before it reads, and a write would raise SIGPIPE, which the
  // command line tool would take for one that it was sent, and pass on to the command.
  const trees = [...guarded].map(([number, pid]) => `${String(pid)}:${String(number)}`).join(' ');
  const parameters = [markPrefix, String(graceSeconds), String(lastTold), trees];
  const args = ['-c', ORPHAN_GUARD_SCRIPT, 'hardstop-guard', ...parameters];
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
  return child;
}

function tell(child: ChildProcess, line: string): void {
  // Written at once, as a pipe has room for thousands of lines.
  child.stdin?.write(`${line}\n`);
}

import { parseDuration } from '../core/options.js';
import { invalidOptionRange, invalidOptionType } from '../errors/invalid-option-error.js';
import { planTreeEnd } from '../strategy/process-tree/plan-tree-end.js';
import { isSignal } from '../strategy/process-tree/signal-number.js';
import type { ProcessTree, TreeEndPlan } from '../strategy/process-tree/tree-end.js';

/** How a process tree is ended. */
export interface TreeKillOptions {
  /** What asks the processes to end; default `'SIGTERM'`. `'SIGKILL'` ends them at once. */
  readonly signal?: NodeJS.Signals | number | undefined;
  /** ms until SIGKILL for those that are left; default 5,000. `0`: SIGKILL at once. `Infinity`: never. */
  readonly grace?: number | undefined;
}

/** What was done. */
export interface TreeKillReport {
  /** What ended the last of them: `'soft'`, the signal; `'hard'`, SIGKILL; `'none'`, there was nobody. */
  readonly step: 'none' | 'soft' | 'hard';
  /** The ids of all that were sent a signal. */
  readonly signalled: readonly number[];
  /** The ids of those that could not be ended: not permitted, or stuck in the kernel. */
  readonly survivors: readonly number[];
}

const DEFAULT_GRACE_MS = 5000;

/**
 * Ends a process and all its descendants: asks them to end, and uses force on those that are left after a grace.
 *
 * The tree is read from the system's list of processes, not from the output of `ps`, before anybody is sent a signal;
 * whoever was found stays known when its parent has ended, and what the tree has forked meanwhile is found too. No process
 * is sent a signal that has taken the id of another. Where the addon is loaded a thread of its own does all this, also
 * while the event loop is blocked.
 *
 * Windows has no signals: there the processes are ended when the grace is over. This process's own tree can be ended as
 * well, itself last, by the signal; nobody is left then to use force.
 *
 * @returns settles when all of them are dead, or given up. Never rejects: see `survivors`.
 * @throws InvalidOptionError when `pid`, `signal` or `grace` is not what it has to be; nobody is sent a signal then
 */
export function treeKill(pid: number, options?: TreeKillOptions): Promise<TreeKillReport>;
/**
 * Sends one signal to a process and all its descendants, as the package `tree-kill` does: no force follows, and nobody
 * waits for their end.
 *
 * @param callback - called when all were sent the signal; with an error when it was not permitted for one of them. A process
 *   that is not there is no error.
 * @returns settles at that time; never rejects
 */
export function treeKill(
  pid: number,
  signal: NodeJS.Signals | number | undefined,
  callback?: TreeKillCallback,
): Promise<TreeKillReport>;
/** Sends SIGTERM to a process and all its descendants, as the package `tree-kill` does. */
export function treeKill(pid: number, callback: TreeKillCallback): Promise<TreeKillReport>;
export function treeKill(
  pid: number,
  how?: TreeKillOptions | NodeJS.Signals | number | TreeKillCallback,
  callback?: TreeKillCallback,
): Promise<TreeKillReport> {
  checkPid(pid);
  if (typeof how === 'function') return sendOnce(pid, 'SIGTERM', how);
  if (typeof how === 'string' || typeof how === 'number' || callback !== undefined) {
    return sendOnce(pid, checkSignal(how ?? 'SIGTERM'), callback);
  }
  const { signal = 'SIGTERM', grace = DEFAULT_GRACE_MS } = how ?? {};
  return end(pid, {
    deadline: Infinity,
    signal: checkSignal(signal),
    grace: parseDuration(grace, 'grace'),
  });
}

/** Called without an argument when the signal was sent. */
export type TreeKillCallback = (error?: Error) => void;

async function sendOnce(
  pid: number,
  signal: NodeJS.Signals | number,
  callback: TreeKillCallback | undefined,
): Promise<TreeKillReport> {
  // Where there are no signals, ending is all that one can mean.
  const once = process.platform !== 'win32';
  const report = await end(pid, { deadline: Infinity, signal, once, grace: once ? Infinity : 0 });
  // Outside of the promise, whose rejection an error that it throws would become.
  if (callback !== undefined) process.nextTick(callback, ...notPermitted(report));
  return report;
}

async function end(pid: number, plan: TreeEndPlan): Promise<TreeKillReport> {
  const tree: ProcessTree = { pid, mark: undefined, scope: 'tree' };
  const treeEnd = planTreeEnd(tree, plan);
  treeEnd.begin();
  const { step, signalled, survivors } = await treeEnd.report;
  return { step, signalled, survivors };
}

function notPermitted({ survivors }: TreeKillReport): [] | [Error] {
  if (survivors.length === 0) return [];
  const error = new Error(`Not permitted to end the processes ${survivors.join(', ')}`);
  return [Object.assign(error, { code: 'EPERM', syscall: 'kill', pids: survivors })];
}

function checkPid(pid: unknown): asserts pid is number {
  if (typeof pid !== 'number') throw invalidOptionType('pid', 'a process id', pid);
  // The tree of process 1 is all that runs on the machine, or in the container.
  if (!Number.isInteger(pid) || pid <= 1 || pid > 0x7fff_ffff) {
    throw invalidOptionRange('pid', 'a process id above 1', pid);
  }
}

function checkSignal(signal: unknown): NodeJS.Signals | number {
  if (isSignal(signal)) return signal;
  throw invalidOptionType('signal', 'the name or the number of a signal', signal);
}

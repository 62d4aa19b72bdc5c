// What /proc says of processes.
import { readdirSync, readFileSync } from 'node:fs';

export const hasProc: boolean = process.platform === 'linux';

/** Whether a process runs that was started with this text among its arguments; zombies do not. */
export function findByArgument(text: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(
      (pid) =>
        pid > 0 &&
        readFile(`/proc/${String(pid)}/cmdline`)
          .split('\0')
          .includes(text),
    );
}

/** The children of a process's main thread. */
export function findChildren(pid: number): readonly number[] {
  const id = String(pid);
  return readFile(`/proc/${id}/task/${id}/children`).split(' ').filter(Boolean).map(Number);
}

/** One field of /proc/PID/status; `''`: there is none. */
export function statusField(pid: number, name: string): string {
  const status = readFile(`/proc/${String(pid)}/status`);
  return new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
}

/** Whether a process ignores a signal. */
export function ignores(pid: number, signal: number): boolean {
  return ((BigInt(`0x${statusField(pid, 'SigIgn') || '0'}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

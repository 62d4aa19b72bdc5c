import { readFileSync } from 'node:fs';
import { clearTimeout, setTimeout } from 'node:timers';

/** The kernel's unit of CPU time in /proc, ms; the same on all Linux systems. */
const TICK_MS = 10;
/** How much more a task may burn until force is used: its process, where it can, stops it at the limit, ms. */
const AHEAD_MS = 100;

/**
 * Watches the CPU time of a process from outside, for what cannot be stopped inside: a long call of a built-in. Elsewhere
 * than on Linux nobody watches.
 *
 * @param limit what it may burn from now on, ms
 * @param onUsedUp called once, when it has burnt more
 * @returns ends the watch
 */
export function watchCpu(pid: number, limit: number, onUsedUp: () => void): () => void {
  const before = burntBy(pid);
  if (before === undefined) return () => undefined;
  const end = before + limit + AHEAD_MS;
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const burnt = burntBy(pid);
    if (burnt === undefined) return;
    if (burnt >= end) onUsedUp();
    // Its threads may burn more than one core's time; the next look then comes late, by less each time.
    else timer = setTimeout(look, Math.max(TICK_MS, end - burnt)).unref();
  };
  timer = setTimeout(look, end - before).unref();
  return () => {
    clearTimeout(timer);
  };
}

/** User and system time of a process since its start, ms. */
function burntBy(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    // Behind the name, which may hold anything, the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

let count = 0;

/** A number of seconds that no other process sleeps for: a sleeper is known by it. */
export function uniqueSeconds(): string {
  return `${String(3_000 + ++count)}.${String(process.pid)}`;
}

/** Processes that live, zombies left out, and have `word` on their command line; by /proc. */
export function processesWith(word: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(`/proc/${pid}/cmdline`).split('\0').includes(word))
    .filter((pid) => !isZombie(pid))
    .map(Number);
}

/** Children of this process that have ended and were not reaped. */
export function zombies(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => isZombie(pid) && fieldsOf(pid)[1] === String(process.pid))
    .map(Number);
}

/** What the descriptors of this process are, sorted. */
export function openDescriptors(): readonly string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, 'N');
      } catch {
        return '';
      }
    })
    .filter((target) => target !== '' && !target.startsWith('/proc'))
    .sort();
}

function isZombie(pid: string): boolean {
  return /^[ZXx]$/.test(fieldsOf(pid)[0] ?? 'Z');
}

/** State, parent and so on. */
function fieldsOf(pid: string): readonly string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import type { ProcessEntry } from './process-entry.js';

// A stat line has some 330 bytes, 64 of them the name at most.
const statBytes = Buffer.allocUnsafe(1024);
let environBytes = Buffer.allocUnsafe(16 * 1024);
/** Larger than the system lets the arguments and the environment together be by default. */
const LARGEST_ENVIRONMENT = 4 * 1024 * 1024;

let hasProc: boolean | undefined;

/** Whether /proc tells of the processes that this process can signal: not where it belongs to another namespace. */
export function canListProcesses(): boolean {
  return (hasProc ??= isOwnProc());
}

/**
 * All processes that can be seen, oldest ids first.
 *
 * @throws where they cannot be listed just now: no descriptors are left
 */
export function listProcesses(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const entry = pid > 0 ? readProcess(pid) : undefined;
    if (entry !== undefined) entries.push(entry);
  }
  // This process is always among them.
  if (entries.length === 0) throw new Error('/proc cannot be read');
  return entries;
}

/** `undefined`: there is no such process. */
export function readProcess(pid: number): ProcessEntry | undefined {
  const length = readInto(`/proc/${String(pid)}/stat`, statBytes);
  return length <= 0 ? undefined : parseStat(pid, statBytes.toString('latin1', 0, length));
}

/** Whether the environment that a process was started with has these characters in it. */
export function environmentIncludes(pid: number, text: string): boolean {
  const path = `/proc/${String(pid)}/environ`;
  let length = readInto(path, environBytes);
  while (length === environBytes.length && length < LARGEST_ENVIRONMENT) {
    environBytes = Buffer.allocUnsafe(environBytes.length * 4);
    length = readInto(path, environBytes);
  }
  return length > 0 && environBytes.subarray(0, length).includes(text, 0, 'latin1');
}

/** How many bytes were read; -1: it cannot be read, or is gone. */
function readInto(path: string, bytes: Buffer): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return -1;
  }
  try {
    let length = 0;
    // The system gives such a file in pieces of a page.
    for (;;) {
      const piece = readSync(descriptor, bytes, length, bytes.length - length, null);
      length += piece;
      if (piece === 0 || length === bytes.length) return length;
    }
  } catch {
    return -1;
  } finally {
    closeSync(descriptor);
  }
}

function parseStat(pid: number, line: string): ProcessEntry | undefined {
  // The name before the last parenthesis may hold anything, parentheses included.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  if (state === undefined || fields.length < 20) return undefined;
  const number = (index: number): number => Number(fields[index]);
  return {
    pid,
    parent: number(1),
    group: number(2),
    session: number(3),
    startedAt: number(19),
    // The first thread of a process may have ended before the others.
    isAlive: !/[ZXx]/.test(state) || number(17) > 1,
  };
}

function isOwnProc(): boolean {
  try {
    return readlinkSync('/proc/self') === String(process.pid);
  } catch {
    return false;
  }
}

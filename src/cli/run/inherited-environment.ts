// What this process was started with and Node has changed since, as far as the system still tells. Linux only; elsewhere
// commands get what Node gives them.
import { constants, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants as systemConstants } from 'node:os';

const { SIGHUP } = systemConstants.signals;
const { O_WRONLY } = constants;
const O_ACCESS_MODE = 3;

/**
 * The signals that this process was started to ignore, and its command therefore is too: SIGHUP under `nohup`, or where
 * the parent ignores it. Node gives every standard signal its default action back before any program of ours runs, so
 * only traces are left: `nohup` leaves a standard input that cannot be read, shells name the program they have started.
 */
export function inheritedIgnores(): readonly number[] {
  if (process.platform === 'win32') return [];
  return isUnderNohup() || parentIgnores(SIGHUP) ? [SIGHUP] : [];
}

/**
 * Descriptors from 3 on that this process was started with, which Node keeps from its children. Those that are lower than
 * the first of its event loop's, and of the others all that are not like its own.
 */
export function inheritedDescriptors(): readonly number[] {
  const targets = new Map<number, string>();
  for (const name of readDirectory('/proc/self/fd')) {
    const target = readTarget(Number(name));
    if (Number(name) > 2 && target !== undefined) targets.set(Number(name), target);
  }
  const loops = [...targets].filter(([, target]) => target === 'anon_inode:[eventpoll]');
  const firstOfNode = Math.min(...loops.map(([descriptor]) => descriptor));
  const all = [...targets.values()];
  return [...targets]
    .filter(([descriptor, target]) => descriptor < firstOfNode || !isLikeNode(target, all))
    .map(([descriptor]) => descriptor);
}

/** The soft limit of open descriptors that the parent has, which Node raises for itself; 0: not known. */
export function inheritedOpenFiles(): number {
  const line = /^Max open files +(\d+)/m.exec(readText(`/proc/${String(process.ppid)}/limits`));
  return Number(line?.[1] ?? 0);
}

/** The last arguments of this process as bytes, where text cannot hold them; each with a zero byte after it. */
export function exactArguments(args: readonly string[]): readonly Uint8Array[] {
  const fromText = args.map((text) => Buffer.from(`${text}\0`));
  // What a decoder has put in place of bytes that are no text.
  if (!args.some((text) => text.includes('\ufffd'))) return fromText;
  try {
    const line = readFileSync('/proc/self/cmdline').toString('latin1');
    const all = line.split('\0').slice(0, -1);
    return all.slice(-args.length).map((text) => Buffer.from(`${text}\0`, 'latin1'));
  } catch {
    return fromText;
  }
}

function isUnderNohup(): boolean {
  if (/(?:^|\/)nohup$/.test(process.env['_'] ?? '')) return true;
  const flags = parseInt(/^flags:\s+(\d+)/m.exec(readText('/proc/self/fdinfo/0'))?.[1] ?? '', 8);
  return (flags & O_ACCESS_MODE) === O_WRONLY && readTarget(0) === '/dev/null';
}

function parentIgnores(signal: number): boolean {
  const status = readText(`/proc/${String(process.ppid)}/status`);
  const ignored = /^SigIgn:\s+([\da-f]+)/m.exec(status)?.[1];
  return ignored !== undefined && (BigInt(`0x${ignored}`) >> BigInt(signal - 1)) % 2n === 1n;
}

/** Node's own are anonymous, pipes of which it has both ends, spare ones, and what it reads here. */
function isLikeNode(target: string, all: readonly string[]): boolean {
  if (target.startsWith('pipe:')) return all.filter((other) => other === target).length > 1;
  return /^(?:anon_inode:|\/proc\/|\/dev\/null$)/.test(target);
}

function readDirectory(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readTarget(descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${String(descriptor)}`);
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

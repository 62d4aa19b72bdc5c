import { constants } from 'node:os';
import { isUint8Array } from 'node:util/types';
import { invalidOptionRange, invalidOptionType } from '../../errors/invalid-option-error.js';
import type {
  CommandRequest,
  OutputTarget,
  Overflow,
} from '../../strategy/command/command-request.js';
import type { OutputEncoding } from '../../strategy/command/output-capture.js';
import { parseDuration } from '../options.js';
import type { CommandOptions, ProcessStartOptions } from './command-options.js';
import { parseFlag, parsePath, parseSize } from './parse-values.js';
import { parseStdio, type Streams } from './parse-stdio.js';

const DEFAULT_GRACE_MS = 5_000;
const DEFAULT_MAX_BUFFER = 100 * 2 ** 20;

/** Checks a command and how its process is to be started; throws an `InvalidOptionError` for the first thing that is wrong. */
export function parseCommand(
  file: unknown,
  args: unknown,
  options: ProcessStartOptions,
  input: CommandOptions['input'],
  stdinDefault: 'ignore' | 'pipe',
): CommandRequest {
  const mergeStderr = parseFlag(options.mergeStderr, 'mergeStderr', false);
  const shell = parseShell(options.shell);
  const words = parseArgs(args);
  if (shell !== false && words.length > 0 && process.platform === 'win32') {
    throw invalidOptionType(
      'args',
      'empty beside `shell`, as cmd.exe has no quotes that hold',
      args,
    );
  }
  const streams = parseStdio(options.stdio, {
    hasInput: input !== undefined,
    stdinDefault,
    mergeStderr,
  });
  return {
    file: parseText(file, 'file'),
    args: words,
    cwd: parsePath(options.cwd, 'cwd'),
    env: parseEnv(options.env),
    shell,
    ...streams,
    input: parseInput(input),
    mergeStderr,
    maxBuffer: parseSize(options.maxBuffer, 'maxBuffer') ?? DEFAULT_MAX_BUFFER,
    overflow: parseOverflow(options.overflow),
    killSignal:
      options.killSignal === undefined ? 'SIGTERM' : parseSignal(options.killSignal, 'killSignal'),
    killTree: parseFlag(options.killTree, 'killTree', true),
    grace: parseGrace(options.grace),
    idleTimeout: parseIdle(options.idleTimeout, streams),
  };
}

/** How output is handed out. */
export function parseEncoding(encoding: unknown): OutputEncoding {
  if (encoding === undefined) return 'utf8';
  if (encoding === 'buffer') return encoding;
  if (typeof encoding === 'string' && Buffer.isEncoding(encoding)) return encoding;
  throw invalidOptionType('encoding', "'utf8', 'buffer' or another encoding of Buffer", encoding);
}

/** The time from the soft signal to SIGKILL, ms. */
export function parseGrace(value: unknown): number {
  if (value === undefined) return DEFAULT_GRACE_MS;
  if (value !== null) return parseDuration(value, 'grace');
  throw invalidOptionType('grace', 'a non-negative number of milliseconds', value);
}

function parseText(value: unknown, option: string): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw invalidOptionType(option, 'a text that is not empty and has no null character', value);
}

function parseArgs(args: unknown): readonly string[] {
  if (args === undefined) return [];
  if (!Array.isArray(args)) throw invalidOptionType('args', 'an array of texts', args);
  for (const arg of args as readonly unknown[]) {
    if (typeof arg !== 'string' || arg.includes('\0')) {
      throw invalidOptionType('args', 'an array of texts without null characters', arg);
    }
  }
  return Array.from(args as readonly string[]);
}

function parseEnv(env: unknown): NodeJS.ProcessEnv | undefined {
  if (env === undefined) return undefined;
  if (typeof env === 'object' && env !== null) return env as NodeJS.ProcessEnv;
  throw invalidOptionType('env', 'an object', env);
}

function parseShell(shell: unknown): boolean | string {
  if (shell === undefined) return false;
  if (typeof shell === 'boolean' || (typeof shell === 'string' && shell !== '')) return shell;
  throw invalidOptionType('shell', "a boolean or a shell's path", shell);
}

/** What a command is told. */
export function parseInput(input: unknown): string | Uint8Array | undefined {
  if (input === undefined || typeof input === 'string' || isUint8Array(input)) return input;
  throw invalidOptionType('input', 'a text or a Uint8Array', input);
}

function parseOverflow(overflow: unknown): Overflow {
  if (overflow === undefined) return 'error';
  if (overflow === 'error' || overflow === 'truncate') return overflow;
  throw invalidOptionType('overflow', "'error' or 'truncate'", overflow);
}

/** A signal that this system knows, by name or number. */
export function parseSignal(signal: unknown, option: string): NodeJS.Signals | number {
  const { signals } = constants;
  if (typeof signal === 'string' && Object.hasOwn(signals, signal)) return signal as NodeJS.Signals;
  if (typeof signal === 'number' && Number.isInteger(signal) && signal > 0 && signal <= 64) {
    return signal;
  }
  throw invalidOptionType(option, 'the name or number of a signal of this system', signal);
}

function parseIdle(value: unknown, { stdout, stderr }: Streams): number {
  const idle = parseDuration(value, 'idleTimeout');
  if (idle !== Infinity && !isSeen(stdout) && !isSeen(stderr)) {
    throw invalidOptionType('idleTimeout', 'absent where no output comes through us', value);
  }
  if (idle > 0) return idle;
  throw invalidOptionRange('idleTimeout', 'a positive number of milliseconds', value);
}

/** Whether output passes through this process on its way. */
function isSeen(target: OutputTarget): boolean {
  return target === 'pipe' || (typeof target === 'object' && target.maxSize !== Infinity);
}

import { constants } from 'node:os';
import { UsageError } from '../usage-error.js';
import { parseDuration } from './duration.js';
import { takeOptions, type OptionRule } from './getopt.js';
import { quote } from './quote.js';
import { parseSignal } from './signal-names.js';

/** What `hardstop run` was asked to do. Durations are ms, 0: none; signals are numbers. */
export interface RunOptions {
  readonly duration: number;
  readonly killAfter: number;
  readonly idle: number;
  readonly signal: number;
  readonly foreground: boolean;
  readonly preserveStatus: boolean;
  readonly verbose: boolean;
  readonly tree: boolean;
  /** The file for the report. */
  readonly json: string | undefined;
  /** The command's name and its arguments. */
  readonly command: readonly [string, ...string[]];
}

const RULES: readonly OptionRule[] = [
  { long: 'foreground', short: 'f', hasValue: false },
  { long: 'kill-after', short: 'k', hasValue: true },
  { long: 'preserve-status', short: 'p', hasValue: false },
  { long: 'signal', short: 's', hasValue: true },
  { long: 'verbose', short: 'v', hasValue: false },
  { long: 'tree', hasValue: false },
  { long: 'no-tree', hasValue: false },
  { long: 'idle', hasValue: true },
  { long: 'json', hasValue: true },
  { long: 'help', hasValue: false },
  { long: 'version', hasValue: false },
];

/** Reads the arguments after `run`. The first error counts, and so does a request for help before it. */
export function parseRunOptions(args: readonly string[]): RunOptions | 'help' | 'version' {
  const rest = [...args];
  const given: { killAfter: number; idle: number; signal: number } = {
    killAfter: 0,
    idle: 0,
    signal: constants.signals.SIGTERM,
  };
  const flags = { foreground: false, preserveStatus: false, verbose: false };
  let tree: boolean | undefined;
  let json: string | undefined;
  for (const { name, value } of takeOptions(rest, RULES)) {
    if (name === 'help' || name === 'version') return name;
    if (name === 'foreground') flags.foreground = true;
    else if (name === 'preserve-status') flags.preserveStatus = true;
    else if (name === 'verbose') flags.verbose = true;
    else if (name === 'tree') tree = true;
    else if (name === 'no-tree') tree = false;
    else if (name === 'json') json = readFileName(value);
    else if (name === 'kill-after') given.killAfter = readDuration(value);
    else if (name === 'idle') given.idle = readDuration(value);
    else given.signal = readSignal(value);
  }
  const [duration, ...command] = rest;
  if (duration === undefined || !hasName(command)) throw new UsageError('');
  // In the foreground the command's children are left alone, unless they are asked for.
  const followsTree = tree ?? !flags.foreground;
  return { ...given, ...flags, tree: followsTree, json, duration: readDuration(duration), command };
}

function hasName(command: readonly string[]): command is readonly [string, ...string[]] {
  return command.length > 0;
}

function readDuration(text: string): number {
  const duration = parseDuration(text);
  if (duration === undefined) throw new UsageError(`invalid time interval ${quote(text)}`);
  return duration;
}

function readSignal(text: string): number {
  const signal = parseSignal(text);
  if (signal === undefined) throw new UsageError(`${quote(text)}: invalid signal`);
  return signal;
}

function readFileName(text: string): string {
  if (text === '') throw new UsageError(`option '--json' needs the name of a file`);
  return text;
}

import { OutputCapture, type Output } from '../../strategy/command/output-capture.js';
import type { CommandRequest, OutputStream } from '../../strategy/command/command-request.js';
import { invalidOptionType } from '../../errors/invalid-option-error.js';
import { findUnfitOption } from '../async-beginning.js';
import { executeOutside } from '../outside-run.js';
import type { CallSite, Scope } from '../scope.js';
import { scopeOf, Timeout } from '../timeout.js';
import type { CommandOptions } from './command-options.js';
import { CommandWork } from './command-work.js';
import { parseCommand, parseEncoding } from './parse-command.js';
import { parseFlag } from './parse-values.js';

/** A command and its scope, after all options have been checked; nothing has been started. */
export interface PreparedCommand {
  readonly scope: Scope;
  readonly request: CommandRequest;
  readonly work: CommandWork;
}

/**
 * Checks a command and its options; throws an `InvalidOptionError` for the first thing that is wrong.
 *
 * @param isWhole it is run at once: there is no input but what the options say, and all output is captured
 */
export function prepareCommand(
  file: unknown,
  args: unknown,
  options: CommandOptions,
  isWhole: boolean,
): PreparedCommand {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw invalidOptionType('options', 'an object', options);
  }
  const request = parseCommand(file, args, options, options.input, isWhole ? 'ignore' : 'pipe');
  const capture = new OutputCapture(
    request.maxBuffer,
    request.overflow,
    parseEncoding(options.encoding),
    parseCallback(options.onOutput),
  );
  const work = new CommandWork(request, capture, parseFlag(options.check, 'check', true), isWhole);
  const scope = scopeOf(new Timeout(options.timeout, { ...options, grace: request.grace }));
  const unfit = findUnfitOption(scope.settings);
  if (unfit !== undefined) throw unfit;
  return { scope, request, work };
}

/** Runs a command to its end under its scope. */
export function executeCommand(
  { scope, work }: PreparedCommand,
  callSite: CallSite,
): Promise<unknown> {
  return executeOutside(scope, work, callSite);
}

function parseCallback(
  callback: unknown,
): ((chunk: Output, stream: OutputStream) => void) | undefined {
  if (callback === undefined || typeof callback === 'function') {
    return callback as ((chunk: Output, stream: OutputStream) => void) | undefined;
  }
  throw invalidOptionType('onOutput', 'a function', callback);
}

import type { CommandResult } from '../strategy/command/command-result.js';
import type { Output } from '../strategy/command/output-capture.js';
import { defineErrorName } from './error-name.js';
import { TimeoutError, type TimeoutErrorFields } from './timeout-error.js';

/** Thrown when a command did not finish before its deadline. Has all that its result would have, captured until then. */
export class CommandTimeoutError<O extends Output = string>
  extends TimeoutError
  implements CommandResult<O>
{
  static {
    defineErrorName(this, 'CommandTimeoutError');
  }
  override readonly code = 'ERR_HARDSTOP_COMMAND_TIMEOUT';
  declare readonly command: string;
  declare readonly args: readonly string[];
  declare readonly pid: number | undefined;
  declare readonly exitCode: number | undefined;
  declare readonly signal: NodeJS.Signals | undefined;
  declare readonly stdout: O;
  declare readonly stderr: O;
  declare readonly all: O;
  declare readonly durationMs: number;
  declare readonly timedOut: boolean;
  declare readonly endedBy: 'itself' | 'soft' | 'hard';
  declare readonly outputIncomplete: boolean;
  declare readonly outputTruncated: boolean;

  constructor(fields: TimeoutErrorFields, result: CommandResult<O>) {
    super(fields);
    updateCommandTimeout(this, result);
  }
}

/** Brings an error that was handed out before the end of its command up to date. */
export function updateCommandTimeout(
  error: CommandTimeoutError<Output>,
  result: CommandResult<Output>,
): void {
  Object.assign(error, result);
}

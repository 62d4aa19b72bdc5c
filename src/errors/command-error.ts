import type { CommandResult } from '../strategy/command/command-result.js';
import type { Output } from '../strategy/command/output-capture.js';
import { defineErrorName } from './error-name.js';

/**
 * Why a command counts as failed: `'exit'` a code other than 0 · `'signal'` it died of a signal that was not ours ·
 * `'spawn'` it could not be started · `'maxBuffer'` it printed more than is kept, and was ended · `'file'` a file for its
 * output could not be written, and it was ended.
 */
export type CommandFailureReason = 'exit' | 'signal' | 'spawn' | 'maxBuffer' | 'file';

/** Thrown when a command did not succeed, for another reason than its time. Has all that its result would have. */
export class CommandError<O extends Output = string> extends Error implements CommandResult<O> {
  static {
    defineErrorName(this, 'CommandError');
  }
  readonly code = 'ERR_HARDSTOP_COMMAND';
  readonly reason: CommandFailureReason;
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

  /** @param options `cause`: what the system says, for `'spawn'` and `'file'` */
  constructor(
    reason: CommandFailureReason,
    result: CommandResult<O>,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.reason = reason;
    Object.assign(this, result);
  }
}

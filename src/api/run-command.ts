import type { CommandOptions } from '../core/command/command-options.js';
import { executeCommand, prepareCommand } from '../core/command/execute-command.js';
import type { CommandResult } from '../strategy/command/command-result.js';

/** The options of a command whose output is text. */
export type TextCommandOptions<D = unknown> = Omit<CommandOptions<D>, 'encoding' | 'onOutput'> & {
  readonly encoding?: BufferEncoding | undefined;
  /** Called with output as it comes; a character is never cut in two. */
  readonly onOutput?: ((chunk: string, stream: 'stdout' | 'stderr') => void) | undefined;
};

/** The options of a command whose output is bytes. */
export type BinaryCommandOptions<D = unknown> = Omit<CommandOptions<D>, 'encoding' | 'onOutput'> & {
  readonly encoding: 'buffer';
  /** Called with output as it comes. */
  readonly onOutput?: ((chunk: Buffer, stream: 'stdout' | 'stderr') => void) | undefined;
};

/**
 * Runs a command to its end, captures what it prints, and ends it with all that it has started when its time is over.
 *
 * At the deadline the whole process tree is sent `killSignal` (then SIGCONT, so that stopped processes can end), and
 * SIGKILL `grace` ms later; that comes on time also while the event loop is blocked, where the addon is loaded. The promise
 * settles once all of them are gone. Descendants are found by their parents, their process group and session, and by a
 * variable in their environment. Output that others still hold open after the end is given up `grace` ms later, and the
 * result says so (`outputIncomplete`).
 *
 * The process gets a group and a session of its own, unless it shares our standard input. It has no standard input unless
 * `input` or `stdio` says so.
 *
 * @param file the program, found as the system finds it; with `shell`, text for a shell
 * @param args handed to the program as they are; with `shell`, quoted
 * @param options the limit as `timeout` in ms (0: not started), and all else
 * @returns how it ended, and what it printed; or what the `default` option gives on timeout
 * @throws (rejects with) CommandTimeoutError when it did not end before its deadline; has what it printed until then
 * @throws (rejects with) CommandError when it could not be started, when it printed too much, and, unless `check` is
 *   `false`, when its exit code was not 0 or it died of a signal
 * @throws (rejects with) what `onOutput` throws, after the command was ended; the reason of an aborted `signal`;
 *   InvalidOptionError for a bad option
 */
export function runCommand<D = never>(
  file: string,
  args: readonly string[] | undefined,
  options: BinaryCommandOptions<D> & { readonly error: false },
): Promise<CommandResult<Buffer> | D | undefined>;
export function runCommand<D = never>(
  file: string,
  args: readonly string[] | undefined,
  options: BinaryCommandOptions<D>,
): Promise<CommandResult<Buffer> | D>;
export function runCommand<D = never>(
  file: string,
  args: readonly string[] | undefined,
  options: TextCommandOptions<D> & { readonly error: false },
): Promise<CommandResult | D | undefined>;
export function runCommand<D = never>(
  file: string,
  args?: readonly string[],
  options?: TextCommandOptions<D>,
): Promise<CommandResult | D>;
export function runCommand(
  file: string,
  args?: readonly string[],
  options: CommandOptions = {},
): Promise<unknown> {
  let command;
  try {
    command = prepareCommand(file, args, options, true);
  } catch (error) {
    return Promise.reject(error);
  }
  return executeCommand(command, runCommand);
}

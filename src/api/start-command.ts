import { newCommand, type Command } from '../core/command/command.js';
import { prepareCommand } from '../core/command/execute-command.js';
import { parseEncoding } from '../core/command/parse-command.js';
import type { BinaryCommandOptions, TextCommandOptions } from './run-command.js';

type Held = 'input' | 'default' | 'error';

/**
 * Starts a command and returns at once, for longer dealings with it: waits that can be repeated, output by lines, input in
 * pieces. Its limits (`timeout`, `idleTimeout`, `deadline`, `signal`, the scopes around) end it as `runCommand` would,
 * from this call on, whether somebody waits for it or not; what they end it with is thrown by whoever waits.
 *
 * @param file the program, found as the system finds it; with `shell`, text for a shell
 * @param args handed to the program as they are; with `shell`, quoted
 * @param options as of `runCommand`; standard input is a pipe unless `stdio` says otherwise
 * @throws InvalidOptionError for a bad option. That it could not be started is for `wait` to say
 */
export function startCommand(
  file: string,
  args: readonly string[] | undefined,
  options: Omit<BinaryCommandOptions<never>, Held>,
): Command<Buffer>;
export function startCommand(
  file: string,
  args?: readonly string[],
  options?: Omit<TextCommandOptions<never>, Held>,
): Command;
export function startCommand(
  file: string,
  args?: readonly string[],
  options: Omit<BinaryCommandOptions<never> | TextCommandOptions<never>, Held> = {},
): Command<string | Buffer> {
  const prepared = prepareCommand(file, args, options, false);
  return newCommand(prepared, parseEncoding(options.encoding), startCommand);
}

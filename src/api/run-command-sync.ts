import type { CommandOptions } from '../core/command/command-options.js';
import { prepareCommand } from '../core/command/execute-command.js';
import { executeCommandSync } from '../core/command/execute-command-sync.js';
import type { CommandResult } from '../strategy/command/command-result.js';
import type { BinaryCommandOptions, TextCommandOptions } from './run-command.js';

/**
 * Runs a command to its end and blocks this thread meanwhile; all else is as with {@link runCommand}, unlike
 * `child_process.spawnSync`, which sends one signal and then waits for ever. The command is run by a thread of its own;
 * its start, some tens of ms, is paid for by the first call and does not count against `timeout`.
 *
 * Nothing else in this thread runs meanwhile but `onOutput`: a `signal` can only be aborted before the call.
 *
 * @param file the program, found as the system finds it; with `shell`, text for a shell
 * @param args handed to the program as they are; with `shell`, quoted
 * @param options as of `runCommand`
 * @returns how it ended, and what it printed; or what the `default` option gives on timeout
 * @throws as `runCommand` rejects
 */
export function runCommandSync<D = never>(
  file: string,
  args: readonly string[] | undefined,
  options: BinaryCommandOptions<D> & { readonly error: false },
): CommandResult<Buffer> | D | undefined;
export function runCommandSync<D = never>(
  file: string,
  args: readonly string[] | undefined,
  options: BinaryCommandOptions<D>,
): CommandResult<Buffer> | D;
export function runCommandSync<D = never>(
  file: string,
  args: readonly string[] | undefined,
  options: TextCommandOptions<D> & { readonly error: false },
): CommandResult | D | undefined;
export function runCommandSync<D = never>(
  file: string,
  args?: readonly string[],
  options?: TextCommandOptions<D>,
): CommandResult | D;
export function runCommandSync(
  file: string,
  args?: readonly string[],
  options: CommandOptions = {},
): unknown {
  return executeCommandSync(prepareCommand(file, args, options, true), runCommandSync);
}

import { invalidOptionType } from '../errors/invalid-option-error.js';
import {
  runBatch,
  type BatchOptions,
  type CommandOutcome,
  type CommandSpec,
} from '../core/command/command-batch.js';
import { executeCommand, prepareCommand } from '../core/command/execute-command.js';
import type { CommandResult } from '../strategy/command/command-result.js';

/**
 * Runs many commands side by side, each under its own limit.
 *
 * Ended ones come as they end, not in the order of the list, and never throw: a failure is an outcome. The list is read
 * only as fast as commands can be started. Whoever leaves the loop early ends what still runs; the loop's end waits for
 * that.
 *
 * @param commands what to run, each with the options of `runCommand`; may be without end
 * @param options how many at a time, and limits for each and for all
 * @returns the outcomes, to be read by `for await`
 * @throws (while it is read) InvalidOptionError for a bad option; one of a single command is that command's outcome
 */
export function runCommands(
  commands: Iterable<CommandSpec> | AsyncIterable<CommandSpec>,
  options: BatchOptions = {},
): AsyncGenerator<CommandOutcome, void, undefined> {
  if (typeof commands !== 'object' || (commands as unknown) === null) {
    throw invalidOptionType('commands', 'an iterable of commands', commands);
  }
  return runBatch(commands, options, async ({ file, args }, given) => {
    return (await executeCommand(
      prepareCommand(file, args, given, true),
      runCommands,
    )) as CommandResult;
  });
}

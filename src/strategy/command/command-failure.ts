import { CommandError } from '../../errors/command-error.js';
import type { CommandEnd } from './command-end.js';
import type { CommandRequest } from './command-request.js';
import type { CommandResult } from './command-result.js';
import type { Output } from './output-capture.js';
import { quoteWord } from './shell-words.js';
import { explainSpawnFailure } from './spawn-failure.js';

const LONGEST_LABEL = 120;

/** The command as one would type it, bounded: for messages. */
export function commandLabel({ file, args, shell }: CommandRequest): string {
  const words = shell === false ? quoteWord(file) : file;
  const text = [words, ...args.map(quoteWord)].join(' ').replaceAll('\n', ' ');
  return text.length > LONGEST_LABEL ? `${text.slice(0, LONGEST_LABEL - 3)}...` : text;
}

/**
 * The error of a command that has ended by itself, or by what is not its time; `undefined` where there is none.
 *
 * @param check whether an exit code other than 0 is one
 */
export function commandFailure(
  request: CommandRequest,
  { failure }: CommandEnd,
  result: CommandResult<Output>,
  check: boolean,
): { readonly error: unknown } | undefined {
  const subject = `Command \`${commandLabel(request)}\``;
  const { exitCode, signal } = result;
  switch (failure?.kind) {
    case 'callback':
      return { error: failure.error };
    case 'spawn': {
      const why = explainSpawnFailure(request, failure.error);
      const options = { cause: failure.error };
      return {
        error: new CommandError(
          'spawn',
          result,
          `${subject} could not be started: ${why}`,
          options,
        ),
      };
    }
    case 'file': {
      const why = failure.error instanceof Error ? failure.error.message : String(failure.error);
      const options = { cause: failure.error };
      return {
        error: new CommandError(
          'file',
          result,
          `${subject} was ended: its output could not be written: ${why}`,
          options,
        ),
      };
    }
    case 'maxBuffer': {
      const limit = `more than the \`${sizeOption(request, failure.stream)}\` bytes on ${failure.stream}`;
      return {
        error: new CommandError('maxBuffer', result, `${subject} was ended: it printed ${limit}`),
      };
    }
    case undefined:
  }
  if (!check || exitCode === 0) return undefined;
  return signal === undefined
    ? {
        error: new CommandError(
          'exit',
          result,
          `${subject} failed with exit code ${String(exitCode)}`,
        ),
      }
    : { error: new CommandError('signal', result, `${subject} died of ${signal}`) };
}

function sizeOption(request: CommandRequest, stream: 'stdout' | 'stderr'): string {
  const target = request[stream];
  return typeof target === 'object' ? 'maxSize' : 'maxBuffer';
}

import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './usage-error.js';

/** What the options of a command may be, in the terms of `node:util`'s `parseArgs`. */
export type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

/** The values of a command's options; no command takes other arguments. */
export function parseOptions<const T extends OptionsConfig>(
  args: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ options: T; args: string[] }>>['values'] {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    if (isParseError(error)) throw new UsageError(error.message);
    throw error;
  }
}

/** The value of an option that counts something. */
export function parsePositiveInteger(option: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new UsageError(`--${option} must be a whole number from 1 on, got '${text}'`);
  }
  return value;
}

function isParseError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_PARSE_ARGS_')
  );
}

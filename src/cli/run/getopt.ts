import { UsageError } from '../usage-error.js';

/** One option of a command. */
export interface OptionRule {
  readonly long: string;
  /** A single letter. */
  readonly short?: string;
  readonly hasValue: boolean;
}

/** An option as it was given, by its long name. */
export interface GivenOption {
  readonly name: string;
  /** `''` where it takes none. */
  readonly value: string;
}

/**
 * Takes options from the front of `args` up to the first argument that is none, by the rules of GNU's `getopt_long`:
 * letters may be joined, a value may follow in the same argument, long names may be shortened, `--` ends the options.
 */
export function* takeOptions(args: string[], rules: readonly OptionRule[]): Generator<GivenOption> {
  for (;;) {
    const [argument] = args;
    if (argument === undefined || argument === '-' || !argument.startsWith('-')) return;
    args.shift();
    if (argument === '--') return;
    if (argument.startsWith('--')) yield takeLong(argument.slice(2), args, rules);
    else yield* takeLetters(argument.slice(1), args, rules);
  }
}

function takeLong(text: string, rest: string[], rules: readonly OptionRule[]): GivenOption {
  const [, given = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const { long: name, hasValue } = findLong(given, text, rules);
  if (!hasValue) {
    if (value !== undefined) throw new UsageError(`option '--${name}' doesn't allow an argument`);
    return { name, value: '' };
  }
  const taken = value ?? rest.shift();
  if (taken === undefined) throw new UsageError(`option '--${name}' requires an argument`);
  return { name, value: taken };
}

function findLong(given: string, text: string, rules: readonly OptionRule[]): OptionRule {
  const found = rules.filter(({ long }) => long.startsWith(given));
  const exact =
    found.find(({ long }) => long === given) ?? (found.length === 1 ? found[0] : undefined);
  if (exact !== undefined) return exact;
  if (found.length === 0) throw new UsageError(`unrecognized option '--${text}'`);
  const possible = found.map(({ long }) => `'--${long}'`).join(' ');
  throw new UsageError(`option '--${text}' is ambiguous; possibilities: ${possible}`);
}

function* takeLetters(
  letters: string,
  rest: string[],
  rules: readonly OptionRule[],
): Generator<GivenOption> {
  for (let i = 0; i < letters.length; i++) {
    const letter = letters.charAt(i);
    const rule = rules.find(({ short }) => short === letter);
    if (rule === undefined) throw new UsageError(`invalid option -- '${letter}'`);
    const { long: name, hasValue } = rule;
    if (hasValue) {
      const joined = letters.slice(i + 1);
      const value = joined === '' ? rest.shift() : joined;
      if (value === undefined) throw new UsageError(`option requires an argument -- '${letter}'`);
      yield { name, value };
      return;
    }
    yield { name, value: '' };
  }
}

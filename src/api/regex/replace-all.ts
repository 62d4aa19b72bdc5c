import type { RegexOptions, Replacer, SilentRegexOptions } from './regex-options.js';
import { runOnRegExp } from './run-on-regexp.js';

/** One signature for both kinds of replacement, where the language's own types have an overload for each. */
const stringReplaceAll = String.prototype.replaceAll as (
  this: string,
  regex: RegExp,
  replacement: string | Replacer,
) => string;

/**
 * `input.replaceAll(regex, replacement)` under one deadline for all matches and all calls of the replacement function.
 * When the deadline strikes it throws, and `lastIndex` is what it was before.
 *
 * @param regex must have the flag `g`
 * @param input the text to search
 * @param replacement a text with the patterns `$1`, `$<name>`, `$&`, `$$`…, or a function that returns the text
 * @param options the limit of the whole operation in ms, or the options of `runSync`
 * @returns the new text
 * @throws TypeError when the flag `g` is missing, as the built-in does
 * @throws TimeoutError when the deadline passed, unless `default` or `error` says otherwise
 * @throws InvalidOptionError when `regex` is no regular expression or an option is not valid
 */
export function replaceAll<D = never>(
  regex: RegExp,
  input: string,
  replacement: string | Replacer,
  options: SilentRegexOptions<D>,
): string | D | undefined;
export function replaceAll<D = never>(
  regex: RegExp,
  input: string,
  replacement: string | Replacer,
  options: RegexOptions<D>,
): string | D;
export function replaceAll(
  regex: RegExp,
  input: string,
  replacement: string | Replacer,
  options: RegexOptions,
): unknown {
  return runOnRegExp(
    regex,
    () => stringReplaceAll.call(input, regex, replacement),
    options,
    replaceAll,
  );
}

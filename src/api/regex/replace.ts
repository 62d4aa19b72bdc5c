import type { RegexOptions, Replacer, SilentRegexOptions } from './regex-options.js';
import { runOnRegExp } from './run-on-regexp.js';

/** One signature for both kinds of replacement, where the language's own types have an overload for each. */
const stringReplace = String.prototype.replace as (
  this: string,
  regex: RegExp,
  replacement: string | Replacer,
) => string;

/**
 * `input.replace(regex, replacement)` under one deadline for all matches and all calls of the replacement function. When
 * the deadline strikes, also inside such a call, it throws, and `lastIndex` is what it was before.
 *
 * @param regex with `g` every match is replaced, else the first
 * @param input the text to search
 * @param replacement a text with the patterns `$1`, `$<name>`, `$&`, `$$`…, or a function that returns the text
 * @param options the limit of the whole operation in ms, or the options of `runSync`
 * @returns the new text
 * @throws TimeoutError when the deadline passed, unless `default` or `error` says otherwise
 * @throws InvalidOptionError when `regex` is no regular expression or an option is not valid
 */
export function replace<D = never>(
  regex: RegExp,
  input: string,
  replacement: string | Replacer,
  options: SilentRegexOptions<D>,
): string | D | undefined;
export function replace<D = never>(
  regex: RegExp,
  input: string,
  replacement: string | Replacer,
  options: RegexOptions<D>,
): string | D;
export function replace(
  regex: RegExp,
  input: string,
  replacement: string | Replacer,
  options: RegexOptions,
): unknown {
  return runOnRegExp(regex, () => stringReplace.call(input, regex, replacement), options, replace);
}

import type { RegexOptions, SilentRegexOptions } from './regex-options.js';
import { runOnRegExp } from './run-on-regexp.js';

const stringMatch = String.prototype.match;

/**
 * `input.match(regex)` under one deadline for all matches. When the deadline strikes it throws, and `lastIndex` is what
 * it was before.
 *
 * @param regex with `g`: all matched texts; without: the first match, as `exec` gives it
 * @param input the text to search
 * @param options the limit of the whole operation in ms, or the options of `runSync`
 * @returns the matches, or `null` when there are none
 * @throws TimeoutError when the deadline passed, unless `default` or `error` says otherwise
 * @throws InvalidOptionError when `regex` is no regular expression or an option is not valid
 */
export function match<D = never>(
  regex: RegExp,
  input: string,
  options: SilentRegexOptions<D>,
): RegExpMatchArray | null | D | undefined;
export function match<D = never>(
  regex: RegExp,
  input: string,
  options: RegexOptions<D>,
): RegExpMatchArray | null | D;
export function match(regex: RegExp, input: string, options: RegexOptions): unknown {
  return runOnRegExp(regex, () => stringMatch.call(input, regex), options, match);
}

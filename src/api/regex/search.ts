import type { RegexOptions, SilentRegexOptions } from './regex-options.js';
import { runOnRegExp } from './run-on-regexp.js';

const stringSearch = String.prototype.search;

/**
 * `input.search(regex)` under a deadline. When the deadline strikes it throws.
 *
 * @param regex `g` and `lastIndex` play no part, as in the built-in
 * @param input the text to search
 * @param options the limit in ms, or the options of `runSync`
 * @returns where the first match begins, or -1
 * @throws TimeoutError when the deadline passed, unless `default` or `error` says otherwise
 * @throws InvalidOptionError when `regex` is no regular expression or an option is not valid
 */
export function search<D = never>(
  regex: RegExp,
  input: string,
  options: SilentRegexOptions<D>,
): number | D | undefined;
export function search<D = never>(
  regex: RegExp,
  input: string,
  options: RegexOptions<D>,
): number | D;
export function search(regex: RegExp, input: string, options: RegexOptions): unknown {
  return runOnRegExp(regex, () => stringSearch.call(input, regex), options, search);
}

import type { RegexOptions, SilentRegexOptions } from './regex-options.js';
import { runOnRegExp } from './run-on-regexp.js';

/**
 * `regex.exec(input)` under a deadline. When the deadline strikes it throws, and `lastIndex` is what it was before.
 *
 * @param regex any flags; with `g` or `y` it starts at `lastIndex` and moves it, as the built-in does
 * @param input the text to search
 * @param options the limit in ms, or the options of `runSync`
 * @returns the match with its captures, groups and indices, or `null`
 * @throws TimeoutError when the deadline passed, unless `default` or `error` says otherwise
 * @throws InvalidOptionError when `regex` is no regular expression or an option is not valid
 */
export function exec<D = never>(
  regex: RegExp,
  input: string,
  options: SilentRegexOptions<D>,
): RegExpExecArray | null | D | undefined;
export function exec<D = never>(
  regex: RegExp,
  input: string,
  options: RegexOptions<D>,
): RegExpExecArray | null | D;
export function exec(regex: RegExp, input: string, options: RegexOptions): unknown {
  return runOnRegExp(regex, () => regex.exec(input), options, exec);
}

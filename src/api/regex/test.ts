import type { RegexOptions, SilentRegexOptions } from './regex-options.js';
import { runOnRegExp } from './run-on-regexp.js';

/**
 * `regex.test(input)` under a deadline. When the deadline strikes it throws: never a silent `false`, which a validator
 * would take for an answer. `lastIndex` is then what it was before. Does not stop later than the engine's next
 * backtracking step, whatever the pattern.
 *
 * @param regex any flags; with `g` or `y` it starts at `lastIndex` and moves it, as the built-in does
 * @param input the text to search
 * @param options the limit in ms, or the options of `runSync`
 * @returns whether there is a match
 * @throws TimeoutError when the deadline passed, unless `default` or `error` says otherwise
 * @throws InvalidOptionError when `regex` is no regular expression or an option is not valid
 * @example
 * if (!test(/^(\w+\s?)*$/, comment, 20)) reject(comment); // examples/regex.ts
 */
export function test<D = never>(
  regex: RegExp,
  input: string,
  options: SilentRegexOptions<D>,
): boolean | D | undefined;
export function test<D = never>(
  regex: RegExp,
  input: string,
  options: RegexOptions<D>,
): boolean | D;
export function test(regex: RegExp, input: string, options: RegexOptions): unknown {
  return runOnRegExp(regex, () => regex.test(input), options, test);
}

import { iterateMatches } from './match-iterator.js';
import type { RegexOptions, SilentRegexOptions } from './regex-options.js';
import { runOnRegExp } from './run-on-regexp.js';

const stringMatchAll = String.prototype.matchAll;

/**
 * `input.matchAll(regex)` under one deadline for all matches, found before it returns: the iterator that you get cannot
 * time out, and what your own code does between two matches does not count. When the deadline strikes it throws, here
 * and not in the loop. All matches are in memory at once; to stop after a few, call `exec` in a loop inside `runSync`.
 *
 * @param regex must have the flag `g`; its `lastIndex` says where to begin and is not moved
 * @param input the text to search
 * @param options the limit of the whole operation in ms, or the options of `runSync`
 * @returns an iterator of the built-in's kind, over what the built-in's would give
 * @throws TypeError when the flag `g` is missing, as the built-in does
 * @throws TimeoutError when the deadline passed, unless `default` or `error` says otherwise
 * @throws InvalidOptionError when `regex` is no regular expression or an option is not valid
 */
export function matchAll<D = never>(
  regex: RegExp,
  input: string,
  options: SilentRegexOptions<D>,
): RegExpStringIterator<RegExpExecArray> | D | undefined;
export function matchAll<D = never>(
  regex: RegExp,
  input: string,
  options: RegexOptions<D>,
): RegExpStringIterator<RegExpExecArray> | D;
export function matchAll(regex: RegExp, input: string, options: RegexOptions): unknown {
  return runOnRegExp(
    regex,
    () => iterateMatches([...stringMatchAll.call(input, regex)]),
    options,
    matchAll,
  );
}

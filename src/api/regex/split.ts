import type { RunSyncOptions } from '../../core/options.js';
import type { SilentRegexOptions } from './regex-options.js';
import { runOnRegExp } from './run-on-regexp.js';

const stringSplit = String.prototype.split;

/** The options of `runSync`, and what `String.prototype.split` takes beside its separator. */
export interface SplitOptions<D = unknown> extends RunSyncOptions<D> {
  /** How many parts are wanted at most; the built-in's second argument. Has nothing to do with time. */
  readonly limit?: number | undefined;
}

/**
 * `input.split(regex)` under one deadline for the whole operation. When the deadline strikes it throws.
 *
 * @param regex the separator; captures become parts of the result; `lastIndex` is neither read nor moved
 * @param input the text to split
 * @param options the limit of the whole operation in ms, or the options of `runSync` and `limit`
 * @returns the parts
 * @throws TimeoutError when the deadline passed, unless `default` or `error` says otherwise
 * @throws InvalidOptionError when `regex` is no regular expression or an option is not valid
 */
export function split<D = never>(
  regex: RegExp,
  input: string,
  options: SilentRegexOptions<D> & SplitOptions<D>,
): string[] | D | undefined;
export function split<D = never>(
  regex: RegExp,
  input: string,
  options: number | null | undefined | SplitOptions<D>,
): string[] | D;
export function split(
  regex: RegExp,
  input: string,
  options: number | null | undefined | SplitOptions,
): unknown {
  const limit = typeof options === 'object' ? options?.limit : undefined;
  return runOnRegExp(regex, () => stringSplit.call(input, regex, limit), options, split);
}

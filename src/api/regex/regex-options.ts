import type { RunSyncOptions } from '../../core/options.js';

/** What the functions of `hardstop/regex` take as their limit: ms, or the options of `runSync`. */
export type RegexOptions<D = unknown> = number | null | undefined | RunSyncOptions<D>;

/** Options under which a timeout gives `undefined` in place of an error. */
export type SilentRegexOptions<D = unknown> = RunSyncOptions<D> & { readonly error: false };

/** What a replacement function gets after the matched text: captures, offset, the input, the named groups. */
export type ReplacerArgument = string | undefined | number | Record<string, string | undefined>;

/**
 * A replacement function, called as `String.prototype.replace` calls it. A parameter may be declared with the type that
 * is known to come, such as `(match, year: string)`: that is why this is the type of a method.
 */
export type Replacer = {
  replacer(match: string, ...rest: ReplacerArgument[]): string;
}['replacer'];
